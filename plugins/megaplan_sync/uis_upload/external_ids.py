"""The ids in UIS, ``ext_id``, of Megaplan's deals, contacts and so on.

All uploads into a cabinet share one namespace, so each id begins with the account. User fields are columns of the
report that all accounts of a cabinet share: their ids begin with ``mp_``.
"""

import hashlib
import re


def ext_id_prefix(account: str) -> str:
    """Return the prefix of an account's ids: its label, letters and digits only (``127-0-0-1-18080``)."""
    return re.sub(r"[^A-Za-z0-9]+", "-", account).strip("-")


def pipeline_ext_id(prefix: str, pipeline_id: int) -> str:
    """Return the id of a funnel."""
    return f"{prefix}-pipeline-{pipeline_id}"


def stage_ext_id(prefix: str, stage_id: int) -> str:
    """Return the id of a stage in process."""
    return f"{prefix}-stage-{stage_id}"


def employee_ext_id(prefix: str, employee_id: int) -> str:
    """Return the id of a responsible manager."""
    return f"{prefix}-employee-{employee_id}"


def deal_id_of(prefix: str, ext_id: object) -> int | None:
    """Return Megaplan's id of a deal; None if it is not a deal of this account."""
    found = re.fullmatch(rf"{re.escape(prefix)}-deal-(\d+)", str(ext_id))
    return int(found.group(1)) if found else None


def chosen_field_ext_id(name: str) -> str:
    """Return the id of the user field for an entry of ``uis_deal_fields``; equal titles have equal ids."""
    return f"mp_field_{hashlib.sha256(name.strip().lower().encode()).hexdigest()[:12]}"

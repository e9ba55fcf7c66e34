"""How things of Megaplan are called in UIS: ``ext_id`` of a deal, a contact and so on.

UIS keeps the ids of all who upload into one cabinet in the same room, so each begins with the account. User fields
are columns of the report and shared by all accounts of a cabinet: theirs begin with ``mp_``.
"""

import hashlib
import re


def ext_id_prefix(account: str) -> str:
    """Return what the ids of an account begin with: its label, letters and digits only (``127-0-0-1-18080``)."""
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
    """Return Megaplan's id of a deal; None for a deal of somebody else."""
    found = re.fullmatch(rf"{re.escape(prefix)}-deal-(\d+)", str(ext_id))
    return int(found.group(1)) if found else None


def chosen_field_ext_id(name: str) -> str:
    """Return the id of the user field for an entry of ``uis_deal_fields``: the same for the same words."""
    return f"mp_field_{hashlib.sha256(name.strip().lower().encode()).hexdigest()[:12]}"

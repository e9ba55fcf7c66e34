"""Sorts refusals by who can mend them. Free of I/O."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from uis_hook.deals import DealRecord
from uis_hook.exceptions import UisNotFoundError, UisValidationError

Remedy = Literal["wait", "mend in Megaplan", "mend in UIS", "ours"]
"""*wait*: it is tried again by itself; *ours*: a mistake or an unknown rule, which neither side can mend."""

WRONG_ZONE = timedelta(hours=26)
"""A time further in the past is no time in the future, whatever zone UIS takes it for."""
LONGEST_LAG = timedelta(days=31)
"""No clock is so far behind: a refusal that speaks of the future, of a deal older than this, means something else."""
_ONLY_FUTURE = {"created_date_time", "modified_date_time", "closed_date_time"}
_STAGE_TIME = "modified_stage_date_time"
_LINKS = {
    *("sales_funnel_ext_id", "stage_ext_id", "employee_ext_id"),
    *("contact_ext_ids", "main_contact_ext_id"),
}
_CONTENT = {
    *("name", "revenue", "comments", "source", "user_fields"),
    *("phone_numbers", "emails", "stages", "order"),
}
_SAYS_FUTURE = re.compile(r"future|будущ", re.IGNORECASE)
_QUOTED = re.compile(r"""«[^»]*»|"[^"]*"|'[^']*'""")
"""What a message quotes, such as a deal's name, says nothing about the reason."""
_DEPENDENCY = {"dependency_error", "data_limit_exceeded"}


def remedy_of(refusal: UisValidationError) -> Remedy:
    """Return who can mend what UIS refuses, by the error's field; times are for :func:`is_in_future`."""
    names = _names(refusal)
    if refusal.mnemonic in _DEPENDENCY or (isinstance(refusal, UisNotFoundError) and names):
        return "mend in UIS"
    if names & _CONTENT:
        return "mend in Megaplan"
    return "mend in UIS" if names & _LINKS else "ours"


def is_link(refusal: UisValidationError) -> bool:
    """Return whether UIS lacks something that a deal refers to."""
    return isinstance(refusal, UisNotFoundError)


def is_in_future(
    refusal: UisValidationError, records: Sequence[DealRecord], now: datetime, *, is_new: bool
) -> bool:
    """Return whether UIS refuses a deal since one of its times has not come yet by the clock of UIS.

    :param records: of the deal; our own clock has found nothing wrong with them
    :param is_new: UIS has no record of the deal, so that none can be later than these
    """
    names = _names(refusal)
    if not names & {*_ONLY_FUTURE, _STAGE_TIME} and names:
        return False
    age = now - max(record.latest_moment for record in records)
    if _SAYS_FUTURE.search(_QUOTED.sub("", refusal.message)):
        return age < LONGEST_LAG
    is_surely = bool(names & _ONLY_FUTURE) or (_STAGE_TIME in names and is_new)
    return is_surely and age < WRONG_ZONE


def _names(refusal: UisValidationError) -> set[str]:
    """Return the names in the error's field, without places and lists."""
    return set(re.findall(r"[a-z_]+", refusal.field or "")) - {"deals", "contacts", "ext_id", "value"}

"""Formats of the time of a communication, tried in order until the account accepts one.

One known client writes Megaplan's ``when`` as ``kp10`` in production, another one was refused every format it tried.
So the format is tried for each account, and remembered. Free of I/O.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from megaplan_hook.date_times import datetime_for_write
from megaplan_hook.exceptions import MegaplanError, MegaplanValidationError

WhenFormat = Literal["kp10", "iso_offset", "spaced", "omit"]
FORMATS: tuple[WhenFormat, ...] = ("kp10", "iso_offset", "spaced", "omit")
"""The last one leaves ``when`` out; the description then has the time."""


def formats_to_try(learned: str | None) -> Iterator[WhenFormat]:
    """Yield all formats, the one that worked before first."""
    yield from (form for form in FORMATS if form == learned)
    yield from (form for form in FORMATS if form != learned)


def end_of(start: datetime, minutes: int) -> datetime:
    """Return the end of a communication."""
    return start + timedelta(minutes=minutes)


def when(start: datetime, minutes: int, form: WhenFormat) -> dict[str, Any]:
    """Return the field ``when`` of a communication that starts with the call; empty for ``omit``."""
    if form == "omit":
        return {}
    return {
        "when": {
            "contentType": "IntervalTime",
            "from": datetime_for_write(start, form),
            "to": datetime_for_write(end_of(start, minutes), form),
        }
    }


def is_about_when(error: MegaplanError) -> bool:
    """Return whether Megaplan refused the format of ``when``, and nothing else."""
    return isinstance(error, MegaplanValidationError) and any(
        detail["field"] == "when" or "IntervalTime" in detail["message"] for detail in error.errors
    )

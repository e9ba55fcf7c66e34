"""How an account takes the time of a communication: a ladder of formats, tried until one is accepted.

One client writes Megaplan's ``when`` in production (``kp10``), another one was refused with every form it tried; so
each account is asked, and what it takes is remembered. Free of I/O.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal

from megaplan_hook.entities import datetime_for_write
from megaplan_hook.exceptions import MegaplanError, MegaplanValidationError

WhenFormat = Literal["kp10", "iso_offset", "spaced", "omit"]
LADDER: tuple[WhenFormat, ...] = ("kp10", "iso_offset", "spaced", "omit")
"""The last rung: without ``when``, the time stands in the description."""


def rungs(learned: str | None) -> Iterator[WhenFormat]:
    """Yield the formats in the order in which to try them: the one that worked, then the ladder."""
    yield from (rung for rung in LADDER if rung == learned)
    yield from (rung for rung in LADDER if rung != learned)


def when(start: datetime, minutes: int, form: WhenFormat) -> dict[str, Any]:
    """Return the field ``when`` of a communication that begins with the call; empty when it is left out."""
    if form == "omit":
        return {}
    end = start + timedelta(minutes=minutes)
    return {
        "when": {
            "contentType": "IntervalTime",
            "from": datetime_for_write(start, form),
            "to": datetime_for_write(end, form),
        }
    }


def is_about_when(error: MegaplanError) -> bool:
    """Say whether Megaplan refuses the form of ``when``, and not something else."""
    return isinstance(error, MegaplanValidationError) and any(
        detail["field"] == "when" or "IntervalTime" in detail["message"] for detail in error.errors
    )

"""Moments as UIS writes them: without a zone, in the account's own. Free of I/O.

Data API: ``2026-01-15 10:00:00``. Call API and notifications add a T or milliseconds
(``2026-01-15T10:00:00.418``); the documentation of the Call API also promises a Z, which is honoured. What UIS
does in an hour that the clocks show twice is not documented: without further knowledge it is the first of the two.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

FORMAT = "%Y-%m-%d %H:%M:%S"


def account_text(moment: datetime, zone: ZoneInfo) -> str:
    """Write an aware moment in the account's zone; parts of a second are cut off.

    :raises ValueError: for a moment without a zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone cannot be sent to UIS")
    return moment.astimezone(zone).strftime(FORMAT)


def moment_of(text: str | None, zone: ZoneInfo) -> datetime | None:
    """Read a moment and return it in UTC; None and an empty text are None.

    :raises ValueError: when the text is no moment.
    """
    if not text:
        return None
    return moments_of(text, zone)[0]


def moments_of(text: str, zone: ZoneInfo) -> list[datetime]:
    """Read a moment and return what it may mean in UTC: two moments if the clocks show it twice, or skip it.

    :raises ValueError: when the text is no moment.
    """
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is not None:
        return [moment.astimezone(UTC)]
    first, second = (moment.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return [first] if first == second else [first, second]

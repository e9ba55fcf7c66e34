"""Local times of UIS in UTC, also in an hour that the clocks show twice. Free of I/O; never fails.

UIS writes the time of day of its account, without a zone. When the clocks are set back, each time of the
repeated hour means two moments. What the same message says in UTC or as a duration decides between them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import product
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from uis_hook.account_time import moments_of

_YEARS = range(1971, 2200)
_CLOCK_DIFFERENCE = timedelta(minutes=5)
"""A message is sent at the times that it contains, or after them."""
_SMALLEST_SHIFT_SECONDS = 30 * 60
"""Clocks are set back by an hour, on Lord Howe Island by half of one; durations need not be more exact than that."""


class CallSpan(NamedTuple):
    """The start and the end of a call.

    :param or_by: both may also be that much later; None if there is no doubt
    """

    start: datetime | None
    finish: datetime | None
    or_by: timedelta | None = None


def local_moment(value: Any, zone: ZoneInfo, sent_at: datetime | None = None) -> datetime | None:
    """Parse a local time; None if it is invalid, or its year is implausible.

    :param sent_at: when it was sent, which decides between two moments; without it, the first one counts
    """
    return _likeliest(_possible(value, zone), sent_at)


def call_span(
    values: Mapping[str, Any], zone: ZoneInfo, total_seconds: int | None, sent_at: datetime | None = None
) -> CallSpan:
    """Return when a call started and finished, by ``start_time`` and ``finish_time``.

    :param total_seconds: its length, if that is known
    :param sent_at: when the message was sent, if that is known
    """
    starts, finishes = (_possible(values.get(name), zone) for name in ("start_time", "finish_time"))
    if not starts or not finishes:
        one = starts or finishes
        or_by = one[1] - one[0] if sent_at is None and len(one) > 1 else None
        return CallSpan(_likeliest(starts, sent_at), _likeliest(finishes, sent_at), or_by)

    def unlikeliness(pair: tuple[datetime, datetime]) -> tuple[Any, ...]:
        length = (pair[1] - pair[0]).total_seconds()
        differs = 0 if total_seconds is None else round(abs(length - total_seconds) / _SMALLEST_SHIFT_SECONDS)
        if sent_at is None:
            return length < 0, differs
        is_future = pair[1] > sent_at + _CLOCK_DIFFERENCE
        return length < 0, differs, is_future, abs(sent_at - pair[1]), abs(sent_at - pair[0])

    best, *others = sorted(product(starts, finishes), key=unlikeliness)
    rivals = [pair for pair in others if unlikeliness(pair) == unlikeliness(best)]
    return CallSpan(*best, rivals[-1][0] - best[0] if rivals else None)


def _possible(value: Any, zone: ZoneInfo) -> list[datetime]:
    try:
        moments = moments_of(value, zone) if isinstance(value, str) and value.strip() else []
    except (ValueError, OverflowError):
        return []
    return [moment for moment in moments if moment.year in _YEARS]


def _likeliest(moments: list[datetime], sent_at: datetime | None) -> datetime | None:
    """Return the latest moment that is not after the message, else the first."""
    if sent_at is not None:
        past = [moment for moment in moments if moment <= sent_at + _CLOCK_DIFFERENCE]
        moments = sorted(past, reverse=True) or moments
    return next(iter(moments), None)

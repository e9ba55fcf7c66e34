"""When a call started and finished: the likeliest of what its events say. Free of I/O.

What UIS states comes first, unless it cannot be: an end before the start, or a time after the messages about it. A
start that nothing states is computed from the end and the length.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from typing import NamedTuple

from megaplan_sync.inbox.notifications import LONGEST_SECONDS
from megaplan_sync.inbox.report_rows import OR_BY_SECONDS
from megaplan_sync.telephony.calls.known_events import ENDS, KnownEvents, moment_in

_LONGEST = timedelta(seconds=LONGEST_SECONDS)
_CLOCK_DIFFERENCE = timedelta(minutes=5)
_ROUNDING = timedelta(seconds=2)
_SAME_LENGTH = timedelta(minutes=15)
"""Lengths may leave out a menu or the work after a talk, but clocks are set back by half an hour at least."""


class Span(NamedTuple):
    """``finish`` is None if the call is not finished, or nothing plausible says when."""

    start: datetime
    finish: datetime | None


def call_span(known: KnownEvents, length_seconds: int | None, is_finished: bool) -> Span:
    """Return the start and the end of a call.

    :param length_seconds: its length, if that is known
    """
    # a report row bears the time of our clock
    tolerance = timedelta(days=1) if known.reports else _CLOCK_DIFFERENCE
    latest = max(event.at for event in known.all) + tolerance
    first = [event.at for event in known.notifications[:1]]
    shift = _shift(known)
    stated = [moment for moment in _starts(known, shift) if moment <= latest]
    fallback = first or [known.all[0].at]
    if not is_finished:
        return Span((stated or fallback)[0], None)
    length = None if length_seconds is None else timedelta(seconds=length_seconds)
    finishes = [moment for moment in _finishes(known, shift) if moment <= latest]
    computed = [moment - length for moment in finishes if length is not None]
    # lengths are in whole seconds, and the first message may be that of the start
    computed = [moment for moment in computed if all(event - moment > _ROUNDING for event in first)]
    stated_pairs = [pair for pair in _pairs(stated, finishes) if pair.finish != pair.start or not length]
    pairs = [
        *(pair for pair in stated_pairs if _fits(pair, length)),
        *_pairs(computed, finishes),
        *stated_pairs,
        *_pairs(first, finishes),
    ]
    return pairs[0] if pairs else Span((stated or fallback)[0], None)


def _pairs(starts: list[datetime], finishes: list[datetime]) -> Iterator[Span]:
    for finish, start in product(finishes, starts):
        if timedelta(0) <= finish - start <= _LONGEST:
            yield Span(start, finish)


def _fits(pair: Span, length: timedelta | None) -> bool:
    return length is None or pair.finish is None or abs(pair.finish - pair.start - length) <= _SAME_LENGTH


def _starts(known: KnownEvents, shift: timedelta) -> Iterator[datetime]:
    if (reported := moment_in(known.report.get("start_time"))) is not None:
        yield reported + shift
    for value in known.stated("start_time"):
        if (moment := moment_in(value)) is not None:
            yield moment
    for event in known.of("in_call_session", "out_call_session"):
        yield event.at


def _finishes(known: KnownEvents, shift: timedelta) -> Iterator[datetime]:
    if (reported := moment_in(known.final("finish_time"))) is not None:
        yield reported + shift
    # the newest end counts, and one of the whole call before a loss
    newest_first = known.ends()[::-1]
    ends = [event for mnemonic in ENDS for event in newest_first if event.mnemonic == mnemonic]
    for event in ends:
        if (moment := moment_in(event.values.get("finish_time"))) is not None:
            yield moment
    yield from (event.at for event in ends)


def _shift(known: KnownEvents) -> timedelta:
    """Return by how much the report's times are later than its row says, if they are in an hour that comes twice."""
    start = moment_in(known.report.get("start_time") or known.report.get("finish_time"))
    seconds = known.report.get(OR_BY_SECONDS)
    if start is None or not isinstance(seconds, int) or not known.notifications:
        return timedelta(0)
    earliest, later = known.notifications[0].at, timedelta(seconds=seconds)
    return later if abs(start + later - earliest) < abs(start - earliest) else timedelta(0)

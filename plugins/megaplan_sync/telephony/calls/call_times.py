"""The times and durations of a call. Free of I/O."""

from datetime import datetime, timedelta
from typing import NamedTuple

from megaplan_sync.inbox.notifications import LONGEST_SECONDS, duration
from megaplan_sync.telephony.calls.call import Outcome
from megaplan_sync.telephony.calls.call_recordings import call_records
from megaplan_sync.telephony.calls.call_span import call_span
from megaplan_sync.telephony.calls.known_events import ENDS, KnownEvents, employee_of

# durations are in whole seconds, so starts that differ by less are the same
_ROUNDING = timedelta(seconds=2)


class TalkStart(NamedTuple):
    """The start of a talk. ``employee_id`` is None if no event names the employee."""

    at: datetime
    employee_id: int | None


class CallTimes(NamedTuple):
    """Times in UTC and durations in seconds."""

    started_at: datetime
    answered_at: datetime | None
    finished_at: datetime | None
    talk_seconds: int | None
    wait_seconds: int | None
    total_seconds: int | None


def talk_starts(known: KnownEvents) -> list[TalkStart]:
    """Return the starts of all known talks, oldest first; a lost one is computed from end and duration."""
    starts = [TalkStart(event.at, employee_of(event)) for event in known.of("talk_started")]
    for event in known.of("talk_finished"):
        seconds = duration(event.values.get("talk_time_duration"))
        began = event.at - timedelta(seconds=seconds or 0)
        if seconds is None and starts:
            continue
        if all(abs(began - start.at) > _ROUNDING for start in starts):
            starts.append(TalkStart(began, employee_of(event)))
    return sorted(starts, key=lambda start: (start.at, start.employee_id or 0))


def call_times(known: KnownEvents, outcome: Outcome | None, is_finished: bool) -> CallTimes:
    """Return the times of a call; what UIS states takes precedence over what the times of events suggest."""
    talks = talk_starts(known)
    answered = talks[0].at if talks and outcome in (None, "answered") else None
    wait = _stated(known, ("wait_duration",), "wait_time_duration", *ENDS)
    talk = _stated(
        known, ("clean_talk_duration", "talk_duration"), "talk_time_duration", "call_session_finished"
    )
    if talk is None:
        talk = 0 if outcome in ("missed", "unanswered") else _sum_of_talks(known)
    total = _stated(known, ("total_duration",), "total_time_duration", "call_session_finished")
    was_answered = outcome == "answered"
    length = total
    if length is None:
        length = _sum(wait, talk if talk is not None else _recorded(known)) if was_answered else wait
    started, finished = call_span(known, length, is_finished)
    if not is_finished:
        return CallTimes(started, answered, None, None, None, None)
    if answered is None and was_answered and wait is not None:
        answered = started + timedelta(seconds=wait)
    if wait is None:
        wait = _seconds(started, answered if was_answered else finished)
    if talk is None and was_answered and answered is not None:
        talk = _seconds(answered, finished)
    return CallTimes(
        started, answered, finished, talk, wait, total if total is not None else _seconds(started, finished)
    )


def _sum(wait: int | None, talk: int | None) -> int | None:
    return None if talk is None else talk + (wait or 0)


def _stated(known: KnownEvents, report_names: tuple[str, ...], name: str, *mnemonics: str) -> int | None:
    stated = duration(known.final(*report_names))
    if stated is not None:
        return stated
    return next(
        (found for kind in mnemonics if (found := duration(known.last(name, kind))) is not None), None
    )


def _sum_of_talks(known: KnownEvents) -> int | None:
    """Return the total of all talks that have ended; two events of the same millisecond are one talk."""
    talks = {
        event.at: seconds
        for event in known.of("talk_finished")
        if (seconds := duration(event.values.get("talk_time_duration"))) is not None
    }
    return min(sum(talks.values()), LONGEST_SECONDS) if talks else None


def _recorded(known: KnownEvents) -> int | None:
    """Return the length of all recordings of talks."""
    recorded = [record.seconds for record in call_records(known) if record.kind == "talk" and record.seconds]
    return min(sum(recorded), LONGEST_SECONDS) if recorded else None


def _seconds(start: datetime, end: datetime | None) -> int | None:
    seconds = max(0, round((end - start).total_seconds())) if end is not None else None
    return duration(seconds)

"""Participants of calls, derived from events in any order."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from megaplan_gateway.widget.calls_in_progress import (
    MAX_CALL_HOURS,
    MAX_RINGING_SECONDS,
    CallEventRow,
    CallTracker,
)

ME, OTHER, SESSION = 504, 505, 700100200
START = datetime(2026, 1, 15, 10, tzinfo=UTC)


def event(second: int, mnemonic: str, employee: int | None = None, age: float = 0.0) -> CallEventRow:
    at = START + timedelta(seconds=second)
    return CallEventRow(100 + second, SESSION, mnemonic, at, employee, "79161234567", "in", age)


RINGING = [event(0, "in_call_session"), event(1, "call_proceeding", ME), event(2, "call_proceeding", OTHER)]
ANSWERED = [*RINGING, event(3, "call_connected", OTHER), event(4, "call_disconnected", ME)]


def participants(events: list[CallEventRow], now: float = 10_000.0) -> list[tuple[int, bool]]:
    tracker = CallTracker()
    tracker.apply(events, 10_000.0)
    return [(one.uis_employee_id, one.is_connected) for one in tracker.participants(now)]


def test_every_employee_whose_telephone_rings_is_a_participant() -> None:
    assert participants(RINGING) == [(ME, False), (OTHER, False)]


def test_neither_order_nor_repetition_of_events_matters() -> None:
    for order in permutations(ANSWERED):
        assert participants([*order, *order[:2]]) == [(OTHER, True)]


def test_late_events_do_not_reopen_a_finished_call() -> None:
    assert participants([event(9, "call_session_finished", OTHER), *ANSWERED]) == []


def test_ringing_times_out_and_talking_does_not() -> None:
    later = 10_000.0 + MAX_RINGING_SECONDS
    assert (participants(RINGING, later), participants(ANSWERED, later)) == ([], [(OTHER, True)])
    assert participants([event(1, "call_proceeding", ME, age=MAX_RINGING_SECONDS)]) == []


def test_calls_without_events_for_hours_are_dropped() -> None:
    tracker = CallTracker()
    tracker.apply(ANSWERED, 0.0)
    tracker.apply([], MAX_CALL_HOURS * 3600 + 1.0)
    assert (tracker.participants(0.0), tracker.knows(SESSION), tracker.last_number) == ([], False, 104)

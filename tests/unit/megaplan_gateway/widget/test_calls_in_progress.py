"""Who takes part in which call, out of notifications in any order."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from megaplan_gateway.widget.calls_in_progress import (
    LONGEST_CALL_HOURS,
    LONGEST_RINGING_SECONDS,
    CallBook,
    Heard,
)

ME, OTHER, SESSION = 504, 505, 700100200
START = datetime(2026, 1, 15, 10, tzinfo=UTC)


def heard(place: int, mnemonic: str, employee: int | None = None, age: float = 0.0) -> Heard:
    at = START + timedelta(seconds=place)
    return Heard(100 + place, SESSION, mnemonic, at, employee, "79161234567", "in", age)


RINGING = [heard(0, "in_call_session"), heard(1, "call_proceeding", ME), heard(2, "call_proceeding", OTHER)]
TAKEN = [*RINGING, heard(3, "call_connected", OTHER), heard(4, "call_disconnected", ME)]


def parts(events: list[Heard], now: float = 10_000.0) -> list[tuple[int, bool]]:
    book = CallBook()
    book.hear(events, 10_000.0)
    return [(part.uis_employee_id, part.is_connected) for part in book.parts(now)]


def test_everybody_whose_telephone_rings_takes_part() -> None:
    assert parts(RINGING) == [(ME, False), (OTHER, False)]


def test_in_whatever_order_and_however_often_events_come_they_tell_the_same() -> None:
    for order in permutations(TAKEN):
        assert parts([*order, *order[:2]]) == [(OTHER, True)]


def test_a_call_that_is_over_is_over_though_older_events_come_later() -> None:
    assert parts([heard(9, "call_session_finished", OTHER), *TAKEN]) == []


def test_ringing_ends_without_news_and_talking_does_not() -> None:
    later = 10_000.0 + LONGEST_RINGING_SECONDS
    assert (parts(RINGING, later), parts(TAKEN, later)) == ([], [(OTHER, True)])
    assert parts([heard(1, "call_proceeding", ME, age=LONGEST_RINGING_SECONDS)]) == []


def test_calls_not_heard_of_for_long_are_forgotten() -> None:
    book = CallBook()
    book.hear(TAKEN, 0.0)
    book.hear([], LONGEST_CALL_HOURS * 3600 + 1.0)
    assert (book.parts(0.0), book.knows(SESSION), book.last_number) == ([], False, 104)

"""Pages are fetched while others are written, and written together if they have arrived together."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from megaplan_sync.raw.prefetch import PageAhead

PATIENCE_SECONDS = 30


def now() -> datetime:
    return datetime.now(UTC)


class Source:
    """Yields numbers, says when it has been asked for enough of them, and fails at one if told to."""

    def __init__(self, pages: int, *, fails_at: int | None = None) -> None:
        self._pages = pages
        self._fails_at = fails_at
        self.asked = 0
        self.reached = {number: threading.Event() for number in range(pages + 2)}

    def __iter__(self) -> Iterator[int]:
        for number in range(self._pages):
            self._note()
            if number == self._fails_at:
                raise ConnectionError(str(number))
            yield number
        self._note()

    def _note(self) -> None:
        self.asked += 1
        self.reached[self.asked].set()


def test_nothing_is_fetched_before_it_is_asked_for() -> None:
    source = Source(3)
    with PageAhead(iter(source), now) as ahead:
        assert ahead.take() == 0
        assert source.asked == 1


def test_one_page_is_fetched_ahead() -> None:
    source = Source(5)
    with PageAhead(iter(source), now) as ahead:
        ahead.start()
        ahead.start()
        assert source.reached[1].wait(PATIENCE_SECONDS)
        assert ahead.take_fetched() == [0]
        assert source.asked == 1
        assert [ahead.take() for _ in range(5)] == [1, 2, 3, 4, None]


def test_pages_that_have_arrived_are_taken_together_up_to_the_most() -> None:
    source = Source(7)
    with PageAhead(iter(source), now, most=3) as ahead:
        assert ahead.take_fetched() == [0]
        ahead.start()
        ahead._thread.submit(int).result(PATIENCE_SECONDS)  # after those that were started
        assert source.asked == 4
        assert ahead.take_fetched() == [1, 2, 3]
        ahead.start()
        ahead._thread.submit(int).result(PATIENCE_SECONDS)
        assert ahead.take_fetched() == [4, 5, 6]
        ahead.start()
        assert ahead.take_fetched() == []


def test_nothing_is_fetched_beyond_a_page_that_may_be_the_last() -> None:
    source = Source(7)
    with PageAhead(iter(source), now, most=4, pauses_after=lambda page: page == 2) as ahead:
        ahead.start()
        ahead._thread.submit(int).result(PATIENCE_SECONDS)
        assert source.asked == 3
        assert ahead.take() == 0
        ahead.start()  # the last one is still waiting to be taken
        ahead._thread.submit(int).result(PATIENCE_SECONDS)
        assert ahead.take_fetched() == [1, 2]
        assert source.asked == 3
        ahead.start()  # it was not the last one
        ahead._thread.submit(int).result(PATIENCE_SECONDS)
        assert source.asked == 7
        assert ahead.take_fetched() == [3, 4, 5, 6]
        assert ahead.take() is None


def test_pages_before_a_failure_are_not_lost() -> None:
    with PageAhead(iter(Source(5, fails_at=2)), now, most=4) as ahead:
        ahead.start()
        ahead._thread.submit(int).result(PATIENCE_SECONDS)
        assert ahead.take_fetched() == [0, 1]
        with pytest.raises(ConnectionError, match="2"):
            ahead.take_fetched()


def test_leaving_ends_the_thread_and_drops_what_was_not_begun() -> None:
    source = Source(50)
    with PageAhead(iter(source), now, most=40) as ahead:
        ahead.take()
        ahead.start()
        thread = next(iter(ahead._thread._threads))
    assert not thread.is_alive()


def test_the_clock_is_read_before_pages_are_requested() -> None:
    source = Source(4)
    hours = iter(datetime(2026, 1, 1, hour) for hour in range(24))
    with PageAhead(iter(source), lambda: next(hours), most=2) as ahead:
        assert (ahead.take(), ahead.asked_at.hour) == (0, 0)
        ahead.start()
        ahead._thread.submit(int).result(PATIENCE_SECONDS)
        assert (ahead.take(), ahead.asked_at.hour) == (1, 1)
        ahead.start()
        ahead._thread.submit(int).result(PATIENCE_SECONDS)
        assert (ahead.take_fetched(), ahead.asked_at.hour) == ([2, 3], 1)  # that of the first of them

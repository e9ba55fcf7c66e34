"""Rate limits count per key and forget what is over."""

from megaplan_gateway.http import rate_limits
from megaplan_gateway.http.rate_limits import SlidingWindow


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_events_are_limited_within_any_period() -> None:
    clock = Clock()
    window = SlidingWindow(60, clock)
    assert [window.try_acquire("a", 2) for _ in range(3)] == [True, True, False]
    assert window.try_acquire("b", 2)
    clock.now = 59.9
    assert not window.try_acquire("a", 2)
    clock.now = 60
    assert [window.try_acquire("a", 2) for _ in range(3)] == [True, True, False]


def test_an_event_given_back_does_not_count() -> None:
    window = SlidingWindow(60, Clock())
    assert window.try_acquire("a", 1)
    window.give_back("a")
    window.give_back("a")
    window.give_back("unknown")
    assert [window.try_acquire("a", 1) for _ in range(2)] == [True, False]


def test_only_so_many_keys_are_remembered() -> None:
    window = SlidingWindow(60, Clock())
    for number in range(rate_limits._MOST_KEYS + 10):
        assert window.try_acquire(number, 1)
    assert len(window._events) == rate_limits._MOST_KEYS
    assert not window.try_acquire(rate_limits._MOST_KEYS, 1)

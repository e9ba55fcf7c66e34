"""The budget of one process, on a clock that only sleeping moves."""

from __future__ import annotations

import pytest

from megaplan_hook.budget import LocalBudget


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def local_budget(clock: Clock, per_second: float = 2, per_hour: int = 1000) -> LocalBudget:
    return LocalBudget(per_second, per_hour, clock=lambda: clock.now, sleep=clock.sleep)


def test_requests_are_evenly_spaced(clock: Clock) -> None:
    budget = local_budget(clock)
    for _ in range(5):
        budget.acquire()
    assert clock.now == pytest.approx(2.0)


def test_an_hour_has_so_many_requests_and_slides(clock: Clock) -> None:
    budget = local_budget(clock, per_second=1, per_hour=3)
    for _ in range(3):
        budget.acquire()
    assert budget.remaining() == 0
    budget.acquire()
    assert clock.now == pytest.approx(3600.0)
    clock.now += 3599
    assert budget.remaining() == 2


def test_back_off_lets_everybody_wait_and_a_shorter_one_cuts_nothing(clock: Clock) -> None:
    budget = local_budget(clock)
    budget.back_off(30)
    budget.back_off(1)
    budget.acquire()
    assert clock.now == pytest.approx(30.0)

"""Waiting for points."""

from __future__ import annotations

import pytest

from uis_hook.exceptions import UisLimitExceededError
from uis_hook.jsonrpc import Api
from uis_hook.limits import LimitPeriod, Limits, LimitWindow
from uis_hook.points import LocalPoints


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def budget(clock: Clock) -> LocalPoints:
    return LocalPoints(90, clock, clock.sleep)


def minute(remaining: int, reset: float = 41) -> Limits:
    return Limits(minute=LimitWindow(60, remaining, reset), day=LimitWindow(3000, 2000, 9000))


def test_nothing_known_means_go(budget: LocalPoints, clock: Clock) -> None:
    budget.acquire("data", "get.employees", 1)
    assert clock.slept == []


def test_a_used_up_minute_is_waited_out(budget: LocalPoints, clock: Clock) -> None:
    budget.observe("data", minute(1))
    budget.acquire("data", "get.employees", 1)
    assert clock.slept == []
    budget.observe("data", minute(0))
    clock.now += 11
    budget.acquire("data", "get.employees", 1)
    assert clock.slept == [30]


def test_a_dear_call_needs_more_points(budget: LocalPoints, clock: Clock) -> None:
    budget.observe("data", minute(4))
    budget.acquire("data", "upload.calls", 5)
    assert clock.slept == [41]


def test_the_two_apis_have_points_of_their_own(budget: LocalPoints, clock: Clock) -> None:
    budget.observe("data", minute(0))
    budget.acquire("call", "release.call", 1)
    assert clock.slept == []


def test_a_used_up_day_is_refused_with_its_reset(budget: LocalPoints, clock: Clock) -> None:
    budget.observe("data", Limits(minute=LimitWindow(60, 0, 41), day=LimitWindow(3000, 0, 9000)))
    with pytest.raises(UisLimitExceededError, match=r"get\.employees.*per day.*9000 s") as caught:
        budget.acquire("data", "get.employees", 1)
    assert (caught.value.period, caught.value.retry_after) == ("day", 9000)
    assert caught.value.limits is not None
    assert clock.slept == []
    clock.now += 9000
    budget.acquire("data", "get.employees", 1)


def test_waits_that_follow_each_other_are_bounded_together(budget: LocalPoints, clock: Clock) -> None:
    """Limits that end at once, over and over again."""

    class Endless(LocalPoints):
        def _wait(self, api: Api, points: int) -> tuple[LimitPeriod | None, float, Limits | None] | None:
            return None, 1e-9, None

    with pytest.raises(UisLimitExceededError):
        Endless(90, clock, clock.sleep).acquire("data", "get.employees", 1)
    assert min(clock.slept) > 0.01
    assert sum(clock.slept) <= 90


def test_everybody_backs_off_and_a_shorter_wait_cuts_no_longer_one(budget: LocalPoints, clock: Clock) -> None:
    budget.back_off("data", 50)
    budget.back_off("data", 5)
    budget.acquire("data", "get.employees", 1)
    assert clock.slept == [50]

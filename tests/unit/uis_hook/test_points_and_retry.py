"""Waiting for points, and when a request is sent again."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from uis_hook.exceptions import (
    UisError,
    UisLimitExceededError,
    UisServerError,
    UisTokenError,
    UisTransportError,
    UisValidationError,
)
from uis_hook.jsonrpc import Repeat
from uis_hook.limits import Limits, LimitWindow
from uis_hook.points import LocalPoints
from uis_hook.retry import RetryPolicy, is_retryable


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


def test_everybody_backs_off_and_a_shorter_wait_cuts_no_longer_one(budget: LocalPoints, clock: Clock) -> None:
    budget.back_off("data", 50)
    budget.back_off("data", 5)
    budget.acquire("data", "get.employees", 1)
    assert clock.slept == [50]


UNCLEAR = UisTransportError("no answer in time")
NOT_SENT = UisTransportError("connection refused", maybe_accepted=False)
LIMITED = UisLimitExceededError("m", retry_after=41)


def server_error() -> UisServerError:
    return UisServerError("m", "internal_error", -32603)


@pytest.mark.parametrize(
    ("error", "always", "when_refused"),
    [
        (UNCLEAR, True, False),
        (NOT_SENT, True, True),
        (server_error(), True, False),
        (LIMITED, True, True),
        (UisTokenError("m", "access_token_invalid"), False, False),
        (UisValidationError("m", "invalid_parameter_value"), False, False),
        (RuntimeError(), False, False),
    ],
)
def test_what_is_sent_again(error: Exception, always: bool, when_refused: bool) -> None:
    assert is_retryable(error, "always") is always
    assert is_retryable(error, "when_refused") is when_refused


def failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def function() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return function


def policy(clock: Clock) -> RetryPolicy:
    return RetryPolicy(sleep=clock.sleep, jitter=lambda: 0.5)


def test_failures_are_waited_out_for_longer_and_longer(clock: Clock) -> None:
    errors = [UisTransportError("no") for _ in range(4)]
    assert policy(clock).call(failing(*errors), repeat="always") == "done"
    assert clock.slept == [1.5, 2.5, 4.5, 8.5]


def test_the_fifth_failure_is_the_last(clock: Clock) -> None:
    errors = [UisTransportError("no") for _ in range(9)]
    with pytest.raises(UisTransportError) as caught:
        policy(clock).call(failing(*errors), repeat="always")
    assert len(clock.slept) == 4
    assert caught.value.tries_exhausted
    # so that tries around tries do not multiply
    assert not is_retryable(caught.value, "always")


@pytest.mark.parametrize("repeat", ["always", "when_refused"])
def test_a_limit_is_waited_out_as_long_as_told(clock: Clock, repeat: Repeat) -> None:
    told: list[float] = []
    limited = UisLimitExceededError("m", retry_after=41)
    assert policy(clock).call(failing(limited), repeat=repeat, on_limit=told.append) == "done"
    assert clock.slept == told == [41]


def test_a_limit_that_says_nothing_means_a_minute_and_one_that_ends_now_a_second(clock: Clock) -> None:
    errors = [UisLimitExceededError("m"), UisLimitExceededError("m", retry_after=0)]
    assert policy(clock).call(failing(*errors), repeat="always") == "done"
    assert clock.slept == [60, 1]


def test_a_days_limit_is_left_to_the_caller(clock: Clock) -> None:
    told: list[float] = []
    error = UisLimitExceededError("m", retry_after=9000)
    with pytest.raises(UisLimitExceededError):
        policy(clock).call(failing(error), repeat="always", on_limit=told.append)
    assert (clock.slept, told) == ([], [9000])


def test_what_may_have_happened_is_not_repeated(clock: Clock) -> None:
    with pytest.raises(UisError):
        policy(clock).call(failing(UisTransportError("no answer in time")), repeat="when_refused")
    assert clock.slept == []

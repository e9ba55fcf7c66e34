"""What is sent again, and when; by the schedules of both vendors' clients."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from megaplan_hook.exceptions import (
    MegaplanAuthError,
    MegaplanForbiddenError,
    MegaplanRateLimitError,
    MegaplanServerError,
    MegaplanTransportError,
)
from megaplan_vendor_kit.exceptions import VendorError
from megaplan_vendor_kit.retry import MOST_LIMIT_TRIES, RetrySchedule, is_retryable
from uis_hook.exceptions import (
    UisLimitExceededError,
    UisServerError,
    UisTokenError,
    UisTransportError,
    UisValidationError,
)

MEGAPLAN = partial(
    RetrySchedule,
    failure_tries=6,
    limit_total_seconds=900,
    limit_first_seconds=2,
    limit_longest_seconds=60,
    jitter=lambda: 0.0,
)
UIS = partial(
    RetrySchedule,
    failure_tries=5,
    limit_total_seconds=90,
    limit_first_seconds=60,
    limit_longest_seconds=60,
    jitter=lambda: 0.5,
)


@pytest.mark.parametrize(
    ("error", "may_come_twice", "must_not_come_twice"),
    [
        (MegaplanRateLimitError(429, "/deal"), True, True),
        (MegaplanServerError(502, "/deal"), True, False),
        (MegaplanTransportError("no answer in time"), True, False),
        (MegaplanForbiddenError(403, "/deal"), False, False),
        (MegaplanAuthError("wrong password"), False, False),
        (UisLimitExceededError("m", retry_after=41), True, True),
        (UisServerError("m", "internal_error", -32603), True, False),
        (UisTransportError("no answer in time"), True, False),
        (UisTransportError("connection refused", maybe_accepted=False), True, True),
        (UisTokenError("m", "access_token_invalid"), False, False),
        (UisValidationError("m", "invalid_parameter_value"), False, False),
        (ValueError("a bug"), False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_is_sent_again(error: Exception, may_come_twice: bool, must_not_come_twice: bool) -> None:
    assert is_retryable(error, may_come_twice=True) is may_come_twice
    assert is_retryable(error, may_come_twice=False) is must_not_come_twice


def failing(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def function() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return function


def waits(schedule: partial[RetrySchedule], make_error: Callable[[], VendorError]) -> list[float]:
    slept: list[float] = []

    def fail() -> None:
        raise make_error()

    with pytest.raises(VendorError) as caught:
        schedule(sleep=slept.append).call(fail, may_come_twice=True)
    assert caught.value.tries_exhausted
    # so that tries around tries do not multiply
    assert not is_retryable(caught.value, may_come_twice=True)
    return slept


@pytest.mark.parametrize(
    ("schedule", "make_error", "seconds"),
    [
        (MEGAPLAN, lambda: MegaplanServerError(500, "/deal"), [1, 2, 4, 8, 16]),
        (MEGAPLAN, lambda: MegaplanServerError(503, "/deal", retry_after=7), [7, 7, 7, 8, 16]),
        (MEGAPLAN, lambda: MegaplanServerError(503, "/deal", retry_after=3600), [60] * 5),
        (MEGAPLAN, lambda: MegaplanTransportError("x"), [1, 2, 4, 8, 16]),
        (UIS, lambda: UisTransportError("no"), [1.5, 2.5, 4.5, 8.5]),
    ],
)
def test_failures_wait_longer_each_time_and_are_not_tried_for_ever(
    schedule: partial[RetrySchedule], make_error: Callable[[], VendorError], seconds: list[float]
) -> None:
    assert waits(schedule, make_error) == seconds


def test_limits_are_waited_out_for_about_fifteen_minutes() -> None:
    slept = waits(MEGAPLAN, lambda: MegaplanRateLimitError(429, "/deal"))
    assert slept[:7] == [2, 4, 8, 16, 32, 60, 60]
    assert 800 < sum(slept) <= 900


def test_the_longest_wait_caps_the_growing_one() -> None:
    shorter = partial(MEGAPLAN, limit_longest_seconds=4)
    assert set(waits(shorter, lambda: MegaplanRateLimitError(429, "/deal"))) == {2, 4}


def test_a_wait_that_is_too_long_altogether_is_not_begun() -> None:
    assert waits(MEGAPLAN, lambda: MegaplanRateLimitError(429, "/deal", retry_after=3600)) == []


def test_limits_use_up_no_other_tries() -> None:
    errors: list[VendorError] = [MegaplanRateLimitError(429, "/deal", retry_after=1) for _ in range(12)]
    errors += [MegaplanServerError(500, "/deal") for _ in range(5)]
    slept: list[float] = []
    schedule = MEGAPLAN(sleep=slept.append)
    assert schedule.call(failing(*errors), may_come_twice=True) == "done"
    assert len(slept) == 12 + 5
    assert slept[12:] == [1, 2, 4, 8, 16]


@pytest.mark.parametrize("may_come_twice", [True, False])
def test_a_limit_is_waited_out_as_long_as_the_vendor_says(may_come_twice: bool) -> None:
    slept: list[float] = []
    reported: list[float] = []
    limited = UisLimitExceededError("m", retry_after=41)
    schedule = UIS(sleep=slept.append)
    assert schedule.call(failing(limited), may_come_twice=may_come_twice, on_limit=reported.append) == "done"
    assert slept == reported == [41]


def test_a_limit_that_says_nothing_means_a_minute_and_one_that_ends_now_a_second() -> None:
    slept: list[float] = []
    errors = [UisLimitExceededError("m"), UisLimitExceededError("m", retry_after=0)]
    assert UIS(sleep=slept.append).call(failing(*errors), may_come_twice=True) == "done"
    assert slept == [60, 2]


@pytest.mark.parametrize("schedule", [MEGAPLAN, UIS])
@pytest.mark.parametrize("requested", [0.0, 0.001, 1.0])
def test_limits_that_are_said_to_end_soon_are_run_into_ever_less_often(
    schedule: partial[RetrySchedule], requested: float
) -> None:
    slept = waits(schedule, lambda: UisLimitExceededError("m", retry_after=requested))
    assert slept[:6] == [1, 2, 4, 8, 16, 32]
    assert sum(slept) <= schedule.keywords["limit_total_seconds"]


def test_tries_are_bounded_even_if_waits_may_not_grow() -> None:
    quick = partial(MEGAPLAN, limit_first_seconds=1, limit_longest_seconds=1)
    assert len(waits(quick, lambda: MegaplanRateLimitError(429, "/deal"))) == MOST_LIMIT_TRIES - 1


def test_a_request_is_not_tried_for_hours_however_slowly_it_fails() -> None:
    now = 0.0

    def slow() -> None:
        nonlocal now
        now += 4000
        raise MegaplanRateLimitError(429, "/deal", retry_after=1)

    slept: list[float] = []
    with pytest.raises(MegaplanRateLimitError):
        MEGAPLAN(sleep=slept.append, clock=lambda: now).call(slow, may_come_twice=True)
    assert slept == [1]


def test_a_days_limit_is_left_to_the_caller() -> None:
    slept: list[float] = []
    reported: list[float] = []
    error = UisLimitExceededError("m", retry_after=9000)
    with pytest.raises(UisLimitExceededError):
        UIS(sleep=slept.append).call(failing(error), may_come_twice=True, on_limit=reported.append)
    assert (slept, reported) == ([], [9000])


def test_what_may_have_happened_is_not_repeated() -> None:
    slept: list[float] = []
    with pytest.raises(UisTransportError):
        UIS(sleep=slept.append).call(failing(UisTransportError("no answer in time")), may_come_twice=False)
    assert slept == []


def test_exhausted_tries_are_not_multiplied_by_an_outer_schedule() -> None:
    calls = []
    schedule = MEGAPLAN(sleep=lambda seconds: None)

    def inner() -> None:
        calls.append(1)
        raise MegaplanTransportError("x")

    with pytest.raises(MegaplanTransportError):
        schedule.call(lambda: schedule.call(inner, may_come_twice=True), may_come_twice=True)
    assert len(calls) == 6

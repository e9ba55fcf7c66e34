"""What is sent again, and when."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from megaplan_hook.exceptions import (
    MegaplanAuthError,
    MegaplanError,
    MegaplanForbiddenError,
    MegaplanRateLimitError,
    MegaplanServerError,
    MegaplanTransportError,
)
from megaplan_hook.retry import RetryPolicy, is_retryable


@pytest.mark.parametrize(
    ("error", "read", "write"),
    [
        (MegaplanRateLimitError(429, "/deal"), True, True),
        (MegaplanServerError(502, "/deal"), True, False),
        (MegaplanTransportError("no answer in time"), True, False),
        (MegaplanForbiddenError(403, "/deal"), False, False),
        (MegaplanAuthError("wrong password"), False, False),
        (ValueError("a bug"), False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_is_tried_again(error: Exception, read: bool, write: bool) -> None:
    assert is_retryable(error, is_write=False) is read
    assert is_retryable(error, is_write=True) is write


def waits(make_error: Callable[[], MegaplanError], longest: float = 60) -> list[float]:
    slept: list[float] = []
    policy = RetryPolicy(rate_limit_longest_seconds=longest, sleep=slept.append, jitter=lambda: 0.0)

    def fail() -> None:
        raise make_error()

    with pytest.raises(MegaplanError) as caught:
        policy.call(fail, is_write=False)
    assert caught.value.tries_exhausted
    return slept


def test_failures_wait_longer_each_time_and_end_after_six_tries() -> None:
    assert waits(lambda: MegaplanServerError(500, "/deal")) == [1, 2, 4, 8, 16]
    assert waits(lambda: MegaplanTransportError("x")) == [1, 2, 4, 8, 16]


def test_rate_limits_are_waited_out_for_about_fifteen_minutes() -> None:
    slept = waits(lambda: MegaplanRateLimitError(429, "/deal"))
    assert slept[:7] == [2, 4, 8, 16, 32, 60, 60]
    assert 800 < sum(slept) <= 900


def test_the_fallback_caps_the_growing_wait() -> None:
    assert set(waits(lambda: MegaplanRateLimitError(429, "/deal"), longest=4)) == {2, 4}


def test_a_wait_beyond_patience_is_not_begun() -> None:
    assert waits(lambda: MegaplanRateLimitError(429, "/deal", retry_after=3600)) == []


def test_rate_limits_use_up_no_other_tries() -> None:
    errors: list[MegaplanError] = [MegaplanRateLimitError(429, "/deal", retry_after=1) for _ in range(20)]
    errors += [MegaplanServerError(500, "/deal") for _ in range(5)]
    slept: list[float] = []

    def fail_for_long() -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    policy = RetryPolicy(sleep=slept.append, jitter=lambda: 0.0)
    assert policy.call(fail_for_long, is_write=False) == "done"
    assert slept == [1.0] * 20 + [1, 2, 4, 8, 16]


def test_exhausted_tries_are_not_multiplied_by_an_outer_policy() -> None:
    calls = []
    policy = RetryPolicy(sleep=lambda seconds: None)

    def inner() -> None:
        calls.append(1)
        raise MegaplanTransportError("x")

    with pytest.raises(MegaplanTransportError):
        policy.call(lambda: policy.call(inner, is_write=False), is_write=False)
    assert len(calls) == 6

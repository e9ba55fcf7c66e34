"""When a request is sent again, and how long to wait before.

Reads are sent again after connection errors, timeouts, truncated or HTML bodies, 429 and 5xx. Writes only
after 429, which Megaplan gives before it does anything: creating is not idempotent there, and an answer that
got lost may stand for an entity that exists.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from megaplan_hook.exceptions import (
    MegaplanError,
    MegaplanRateLimitError,
    MegaplanServerError,
    MegaplanTransportError,
)

Result = TypeVar("Result")

LONGEST_FAILURE_WAIT_SECONDS = 16.0
LONGEST_TOLD_WAIT_SECONDS = 60.0


def is_retryable(error: BaseException, *, is_write: bool) -> bool:
    """Say whether sending the same request again now is safe and may help."""
    if isinstance(error, MegaplanError) and error.tries_exhausted:
        return False
    if isinstance(error, MegaplanRateLimitError):
        return True
    return not is_write and isinstance(error, MegaplanServerError | MegaplanTransportError)


@dataclass(frozen=True)
class RetryPolicy:
    """How patient to be.

    :param failure_tries: tries altogether when Megaplan fails or cannot be reached; default 6.
    :param rate_limit_total_seconds: how long 429s are waited out altogether; default 15 minutes.
    :param rate_limit_longest_seconds: cap of the growing wait (2, 4, 8, …) after a 429 that names none;
        default 60.
    :param sleep: waits so many seconds.
    :param jitter: adds up to a second at random, so that several processes do not come back together.
    """

    failure_tries: int = 6
    rate_limit_total_seconds: float = 900.0
    rate_limit_longest_seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def call(
        self,
        function: Callable[[], Result],
        *,
        is_write: bool,
        before_wait: Callable[[BaseException, float], None] = lambda error, seconds: None,
        on_rate_limit: Callable[[float], None] = lambda seconds: None,
    ) -> Result:
        """Call a function until it succeeds, fails for good, or patience ends; then its own error is raised.

        :param before_wait: told the error and the seconds of each wait.
        :param on_rate_limit: told how long Megaplan wants no requests, also when that is too long here.
        """
        patience = _Patience(self, before_wait, on_rate_limit)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: is_retryable(error, is_write=is_write)),
            wait=patience.seconds_to_wait,
            stop=patience.is_over,
            before_sleep=patience.announce,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(function)
        except MegaplanError as error:
            error.tries_exhausted = True
            raise


class _Patience:
    """Counts failures and rate limits of one request apart: a 429 storm uses up no other tries."""

    def __init__(
        self,
        policy: RetryPolicy,
        before_wait: Callable[[BaseException, float], None],
        on_rate_limit: Callable[[float], None],
    ) -> None:
        self.policy = policy
        self.before_wait = before_wait
        self.on_rate_limit = on_rate_limit
        self.failures = 0
        self.rate_limits = 0
        self.rate_limited_seconds = 0.0

    def seconds_to_wait(self, state: tenacity.RetryCallState) -> float:
        """Compute the next wait; tenacity asks before it asks whether patience is over."""
        error = state.outcome.exception() if state.outcome else None
        if error is None:
            return 0.0
        told = getattr(error, "retry_after", None)
        if isinstance(error, MegaplanRateLimitError):
            self.rate_limits += 1
            growing = min(2.0 ** min(self.rate_limits, 20), self.policy.rate_limit_longest_seconds)
            seconds = growing if told is None else told
            self.rate_limited_seconds += seconds
            self.on_rate_limit(seconds)
        else:
            self.failures += 1
            growing = min(2.0 ** (self.failures - 1), LONGEST_FAILURE_WAIT_SECONDS) + self.policy.jitter()
            seconds = max(growing, min(told or 0.0, LONGEST_TOLD_WAIT_SECONDS))
        return seconds

    def announce(self, state: tenacity.RetryCallState) -> None:
        """Tell of a wait that is about to begin."""
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            self.before_wait(error, state.upcoming_sleep)

    def is_over(self, state: tenacity.RetryCallState) -> bool:
        """Say whether to give up, after the wait has been counted in."""
        return (
            self.failures >= self.policy.failure_tries
            or self.rate_limited_seconds > self.policy.rate_limit_total_seconds
        )

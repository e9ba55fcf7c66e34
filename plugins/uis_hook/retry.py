"""When a request is sent again, and how long to wait before.

What may come twice (reads, and writes that change nothing the second time) is sent again after connection
errors, timeouts, truncated or HTML bodies, internal_error and HTTP 5xx. Anything else, calls first of all, only
when UIS has surely not begun it: after limit_exceeded, or when no connection came about.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from uis_hook.exceptions import UisError, UisLimitExceededError, UisServerError, UisTransportError
from uis_hook.jsonrpc import Repeat

Result = TypeVar("Result")

LONGEST_FAILURE_WAIT_SECONDS = 16.0


def is_retryable(error: BaseException, repeat: Repeat) -> bool:
    """Say whether sending the same request again now is safe and may help."""
    if not isinstance(error, UisError) or error.tries_exhausted:
        return False
    if isinstance(error, UisLimitExceededError):
        return True
    if isinstance(error, UisServerError | UisTransportError):
        return repeat == "always" or not error.maybe_accepted
    return False


@dataclass(frozen=True)
class RetryPolicy:
    """How patient to be.

    :param failure_tries: tries altogether when UIS fails or cannot be reached; default 5.
    :param limit_total_seconds: how long limits are waited out altogether; default 90.
    :param limit_fallback_seconds: the pause after a limit of which UIS does not say when it ends; default 60.
    :param sleep: waits so many seconds.
    :param jitter: adds up to a second at random, so that several processes do not come back together.
    """

    failure_tries: int = 5
    limit_total_seconds: float = 90.0
    limit_fallback_seconds: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def call(
        self,
        function: Callable[[], Result],
        *,
        repeat: Repeat,
        before_wait: Callable[[BaseException, float], None] = lambda error, seconds: None,
        on_limit: Callable[[float], None] = lambda seconds: None,
    ) -> Result:
        """Call a function until it succeeds, fails for good, or patience ends; then its own error is raised.

        :param before_wait: told the error and the seconds of each wait.
        :param on_limit: told how long UIS wants no requests, also when that is too long here.
        """
        patience = _Patience(self, before_wait, on_limit)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: is_retryable(error, repeat)),
            wait=patience.seconds_to_wait,
            stop=patience.is_over,
            before_sleep=patience.announce,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(function)
        except UisError as error:
            error.tries_exhausted = True
            raise


class _Patience:
    """Counts failures and waits for limits of one request apart: limits use up no other tries."""

    def __init__(
        self,
        policy: RetryPolicy,
        before_wait: Callable[[BaseException, float], None],
        on_limit: Callable[[float], None],
    ) -> None:
        self.policy = policy
        self.before_wait = before_wait
        self.on_limit = on_limit
        self.failures = 0
        self.limited_seconds = 0.0

    def seconds_to_wait(self, state: tenacity.RetryCallState) -> float:
        """Compute the next wait; tenacity asks before it asks whether patience is over."""
        error = state.outcome.exception() if state.outcome else None
        if error is None:
            return 0.0
        if isinstance(error, UisLimitExceededError):
            told = error.retry_after
            # never 0, or a limit that is told to end "now" would be asked for all the time
            seconds = max(self.policy.limit_fallback_seconds if told is None else told, 1.0)
            self.limited_seconds += seconds
            self.on_limit(seconds)
            return seconds
        self.failures += 1
        return min(2.0 ** (self.failures - 1), LONGEST_FAILURE_WAIT_SECONDS) + self.policy.jitter()

    def announce(self, state: tenacity.RetryCallState) -> None:
        """Tell of a wait that is about to begin."""
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            self.before_wait(error, state.upcoming_sleep)

    def is_over(self, state: tenacity.RetryCallState) -> bool:
        """Say whether to give up, after the wait has been counted in."""
        return (
            self.failures >= self.policy.failure_tries
            or self.limited_seconds > self.policy.limit_total_seconds
        )

"""When a request is sent again, and how long to wait before.

What may come twice (reads, and writes that change nothing the second time) is sent again after connection errors,
timeouts, truncated or HTML bodies and 5xx. Anything else only when the vendor has surely not begun it: after a
limit, which is said before anything is done, or when no connection came about.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from megaplan_vendor_kit.exceptions import (
    RequestNotAllowedError,
    VendorError,
    VendorLimitError,
    VendorServerError,
    VendorTransportError,
)

Result = TypeVar("Result")

LONGEST_FAILURE_WAIT_SECONDS = 16.0
LONGEST_REQUESTED_WAIT_SECONDS = 60.0
SHORTEST_LIMIT_WAIT_SECONDS = 1.0
"""The first wait is at least so long, and each further one at least twice the last: a limit that is said to end soon
may not end."""
MOST_LIMIT_TRIES = 100
LONGEST_CALL_SECONDS = 7200.0
"""How long a request is tried altogether: its answers, and its budget, may be slow as well."""


def is_retryable(error: BaseException, *, may_come_twice: bool) -> bool:
    """Say whether sending the same request again now is safe and may help.

    :param may_come_twice: whether the request does no harm when the vendor gets it a second time.
    """
    return (
        isinstance(error, VendorLimitError | VendorServerError | VendorTransportError)
        and not error.tries_exhausted
        and (may_come_twice or not error.maybe_accepted)
    )


@dataclass(frozen=True)
class RetrySchedule:
    """How often a request is tried, and how long is waited between.

    After failures the waits are 1, 2, 4, … seconds, at most 16, or what the vendor asks for, at most 60.

    :param failure_tries: tries altogether when the vendor fails or cannot be reached.
    :param limit_total_seconds: how long limits are waited out altogether.
    :param limit_first_seconds: the first wait if the vendor does not say when a limit ends; doubles.
    :param limit_longest_seconds: the longest of these.
    :param sleep: waits for a number of seconds.
    :param jitter: adds up to a second at random after failures, so that several processes do not come back together.
    :param clock: seconds that only grow.
    """

    failure_tries: int
    limit_total_seconds: float
    limit_first_seconds: float
    limit_longest_seconds: float
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic

    def call(
        self,
        function: Callable[[], Result],
        *,
        may_come_twice: bool,
        before_wait: Callable[[BaseException, float], None] = lambda error, seconds: None,
        on_limit: Callable[[float], None] = lambda seconds: None,
    ) -> Result:
        """Call a function until it succeeds, fails for good, or has been tried often enough; then raise its error.

        :param may_come_twice: as in :func:`is_retryable`.
        :param before_wait: gets the error and the seconds of each wait.
        :param on_limit: gets how long the vendor wants no requests, also when that is too long here.
        """
        tries = _Tries(self, before_wait, on_limit)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: is_retryable(error, may_come_twice=may_come_twice)
            ),
            wait=tries.seconds_to_wait,
            stop=tries.are_over,
            before_sleep=tries.announce,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            return retrying(function)
        except VendorError as error:
            error.tries_exhausted = True
            raise
        except RequestNotAllowedError as refusal:
            if tries.last_error is None:
                raise
            tries.last_error.tries_exhausted = True  # a vendor that is down must not look like a spent budget
            raise tries.last_error from refusal


class _Tries:
    """Counts failures and limits of one request apart: a storm of limits uses up no other tries."""

    def __init__(
        self,
        schedule: RetrySchedule,
        before_wait: Callable[[BaseException, float], None],
        on_limit: Callable[[float], None],
    ) -> None:
        self.schedule = schedule
        self.before_wait = before_wait
        self.on_limit = on_limit
        self.failures = 0
        self.limits = 0
        self.limited_seconds = 0.0
        self.began_at = schedule.clock()
        self.last_error: VendorError | None = None

    def seconds_to_wait(self, state: tenacity.RetryCallState) -> float:
        """Compute the next wait; tenacity asks for it before it asks whether the tries are over."""
        error = state.outcome.exception() if state.outcome else None
        self.last_error = error if isinstance(error, VendorError) else None
        requested: float | None = getattr(error, "retry_after", None)
        if isinstance(error, VendorLimitError):
            first = self.schedule.limit_first_seconds if requested is None else SHORTEST_LIMIT_WAIT_SECONDS
            growing = min(first * 2.0 ** min(self.limits, 20), self.schedule.limit_longest_seconds)
            seconds = max(growing, requested or 0.0, SHORTEST_LIMIT_WAIT_SECONDS)
            self.limits += 1
            self.limited_seconds += seconds
            self.on_limit(seconds)
            return seconds
        growing = min(2.0**self.failures, LONGEST_FAILURE_WAIT_SECONDS) + self.schedule.jitter()
        self.failures += 1
        return max(growing, min(requested or 0.0, LONGEST_REQUESTED_WAIT_SECONDS))

    def announce(self, state: tenacity.RetryCallState) -> None:
        """Report a wait that is about to begin."""
        error = state.outcome.exception() if state.outcome else None
        if error is not None:
            self.before_wait(error, state.upcoming_sleep)

    def are_over(self, state: tenacity.RetryCallState) -> bool:
        """Say whether to give up, after the wait has been counted in."""
        return (
            self.failures >= self.schedule.failure_tries
            or self.limits >= MOST_LIMIT_TRIES
            or self.limited_seconds > self.schedule.limit_total_seconds
            or self.schedule.clock() - self.began_at > LONGEST_CALL_SECONDS
        )

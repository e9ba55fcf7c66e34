"""Whether a request may be sent, as far as the account's points go: a protocol, and its form for one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from uis_hook.exceptions import UisLimitExceededError
from uis_hook.jsonrpc import Api
from uis_hook.limits import LimitPeriod, Limits

SHORTEST_WAIT_SECONDS = 0.05


class PointsBudget(Protocol):
    """The points of one account, shared by whoever holds the same budget. Must be safe for threads."""

    def acquire(self, api: Api, method: str, points: int) -> None:
        """Return when so many points may be spent; blocks for a short wait.

        :param method: for messages.
        :raises UisLimitExceededError: when new points come too late to wait for them.
        """

    def observe(self, api: Api, limits: Limits) -> None:
        """Learn what an answer said about the points that are left."""

    def back_off(self, api: Api, seconds: float) -> None:
        """Let everybody wait: UIS said limit_exceeded. A shorter wait never cuts a longer one."""


def no_points_left(
    method: str, period: LimitPeriod | None, seconds: float, limits: Limits | None
) -> UisLimitExceededError:
    """Return the error for a request that is not sent, since new points come only after so many seconds."""
    return UisLimitExceededError(
        method,
        message="not sent, no points are left" + (f" per {period}" if period else ""),
        limits=limits,
        retry_after=seconds,
        period=period,
    )


class LocalPoints:
    """A budget for one process: believes the last answer, and lets all pass while nothing is known.

    Only successful calls are charged, so nothing is counted here; several requests at once may therefore spend
    a point too many, which UIS refuses and :class:`megaplan_vendor_kit.retry.RetrySchedule` waits out.

    :param longest_wait_seconds: a longer wait is refused, also one that has become so by and by.
    :param clock: seconds that only grow.
    :param sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        longest_wait_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._longest_wait_seconds = longest_wait_seconds
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._seen: dict[Api, tuple[Limits, float]] = {}
        self._not_before: dict[Api, float] = {}

    def acquire(self, api: Api, method: str, points: int) -> None:
        """Return when so many points may be spent; blocks for a short wait."""
        waited = 0.0
        while (waiting := self._wait(api, points)) is not None:
            period, seconds, limits = waiting
            seconds = max(seconds, SHORTEST_WAIT_SECONDS)
            waited += seconds
            if waited > self._longest_wait_seconds:
                raise no_points_left(method, period, seconds, limits)
            self._sleep(seconds)

    def observe(self, api: Api, limits: Limits) -> None:
        """Believe the last answer."""
        with self._lock:
            self._seen[api] = (limits, self._clock())

    def back_off(self, api: Api, seconds: float) -> None:
        """Let all users of this object wait."""
        with self._lock:
            self._not_before[api] = max(self._not_before.get(api, float("-inf")), self._clock() + seconds)

    def _wait(self, api: Api, points: int) -> tuple[LimitPeriod | None, float, Limits | None] | None:
        """Return which limit to wait for and how long; None when the request may be sent."""
        with self._lock:
            now = self._clock()
            limits, seen_at = self._seen.get(api, (None, now))
            blocked = self._not_before.get(api, float("-inf")) - now
            exhausted = None if limits is None else limits.exhausted(points)
            if exhausted is not None:
                period, reset = exhausted
                if (left := seen_at + reset - now) > 0:
                    return period, max(left, blocked), limits
            return (None, blocked, limits) if blocked > 0 else None

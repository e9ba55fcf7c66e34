"""How many requests may be sent: a small protocol, and its form for a single process."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

SECONDS_PER_HOUR = 3600.0


class RequestBudget(Protocol):
    """The requests of one account, shared by whoever holds the same budget. Must be safe for threads."""

    def acquire(self) -> None:
        """Take one request; blocks until it may be sent, or raises a ``RequestNotAllowedError``."""

    def back_off(self, seconds: float) -> None:
        """Let everybody wait: Megaplan said 429. A shorter wait never cuts a longer one."""

    def remaining(self) -> int | None:
        """Tell how many requests the hour still has; None when not known."""


class LocalBudget:
    """A budget for one process: requests evenly spaced, and counted over a sliding hour.

    :param requests_per_second: how many requests may be sent in any second.
    :param requests_per_hour: how many requests may be sent in any hour.
    :param clock: seconds that only grow.
    :param sleep: waits for a number of seconds.
    """

    def __init__(
        self,
        requests_per_second: float,
        requests_per_hour: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._spacing_seconds = 1.0 / requests_per_second
        self._requests_per_hour = requests_per_hour
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._sent_at: deque[float] = deque()
        self._not_before = float("-inf")

    def acquire(self) -> None:
        """Take one request; blocks until it may be sent."""
        while (seconds := self._try_acquire()) > 0:
            self._sleep(seconds)

    def back_off(self, seconds: float) -> None:
        """Let all users of this object wait."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def remaining(self) -> int | None:
        """Tell how many requests the sliding hour still has."""
        with self._lock:
            self._forget_before(self._clock())
            return self._requests_per_hour - len(self._sent_at)

    def _try_acquire(self) -> float:
        """Take a request and return 0, or return how many seconds to wait before trying again."""
        with self._lock:
            now = self._clock()
            self._forget_before(now)
            earliest = self._not_before
            if self._sent_at:
                earliest = max(earliest, self._sent_at[-1] + self._spacing_seconds)
            if len(self._sent_at) >= self._requests_per_hour:
                earliest = max(earliest, self._sent_at[0] + SECONDS_PER_HOUR)
            if earliest <= now:
                self._sent_at.append(now)
                return 0.0
            return earliest - now

    def _forget_before(self, now: float) -> None:
        while self._sent_at and self._sent_at[0] + SECONDS_PER_HOUR <= now:
            self._sent_at.popleft()

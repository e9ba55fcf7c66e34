"""Rate limits, each counting per key."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable

_MINUTE = 60.0


class TokenBucket:
    """Allows ``per_second`` requests per second, with bursts of as many at once.

    :param clock: monotonic time in seconds
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._buckets: dict[Hashable, tuple[float, float]] = {}

    def try_acquire(self, key: Hashable) -> bool:
        """Take a token and return whether there was one."""
        now = self._clock()
        left, at = self._buckets.get(key, (self._per_second, now))
        left = min(self._per_second, left + (now - at) * self._per_second)
        is_allowed = left >= 1
        self._buckets[key] = (left - 1 if is_allowed else left, now)
        return is_allowed


class SlidingWindow:
    """Allows ``limit`` events within any minute.

    :param clock: monotonic time in seconds
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._events: dict[Hashable, deque[float]] = {}

    def is_exhausted(self, key: Hashable) -> bool:
        """Return whether the limit is reached."""
        times = self._events.get(key, deque())
        while times and self._clock() - times[0] >= _MINUTE:
            times.popleft()
        return len(times) >= self._limit

    def count(self, key: Hashable) -> None:
        """Count an event."""
        self._events.setdefault(key, deque(maxlen=self._limit)).append(self._clock())

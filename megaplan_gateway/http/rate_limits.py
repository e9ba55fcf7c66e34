"""Rate limits, each counting per key."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

MINUTE = 60.0
HOUR = 3600.0
_MOST_KEYS = 20_000
"""Keys remembered at most; the longest unused ones are forgotten."""


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
    """Allows a number of events within any period.

    :param seconds: the period
    :param clock: monotonic time in seconds
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._events: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def try_acquire(self, key: Hashable, limit: int) -> bool:
        """Count an event unless the limit is reached, and return whether it was counted."""
        now = self._clock()
        times = self._events.setdefault(key, deque())
        self._events.move_to_end(key)
        while times and now - times[0] >= self._seconds:
            times.popleft()
        if len(times) >= limit:
            return False
        times.append(now)
        while len(self._events) > _MOST_KEYS:
            self._events.popitem(last=False)
        return True

    def give_back(self, key: Hashable) -> None:
        """Take back the last event: it should not have counted."""
        times = self._events.get(key)
        if times:
            times.pop()

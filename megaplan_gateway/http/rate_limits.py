"""A bucket of tokens: so many a second, and as many at once."""

from __future__ import annotations

import time
from collections.abc import Callable


class RateLimit:
    """Lets ``per_second`` requests pass, for each key on its own.

    :param clock: seconds that only grow
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._buckets: dict[tuple[str, str], tuple[float, float]] = {}

    def takes(self, key: tuple[str, str]) -> bool:
        """Say whether one more may pass now, and count it."""
        now = self._clock()
        left, at = self._buckets.get(key, (self._per_second, now))
        left = min(self._per_second, left + (now - at) * self._per_second)
        passes = left >= 1
        self._buckets[key] = (left - 1 if passes else left, now)
        return passes

"""Counts what somebody may do only so often in a minute."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Hashable

_MINUTE = 60.0


class PerMinute:
    """So many within any minute, for each key on its own.

    :param clock: seconds that only grow
    """

    def __init__(self, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._at: dict[Hashable, deque[float]] = {}

    def is_used_up(self, key: Hashable) -> bool:
        """Say whether there have been as many as may be."""
        times = self._at.get(key, deque())
        while times and self._clock() - times[0] >= _MINUTE:
            times.popleft()
        return len(times) >= self._most

    def count(self, key: Hashable) -> None:
        """Count one more."""
        self._at.setdefault(key, deque(maxlen=self._most)).append(self._clock())

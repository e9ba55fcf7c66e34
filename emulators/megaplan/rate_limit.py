"""The account's request limit: two token buckets, per second and per hour."""

import math
import time

from .knobs import Knobs


class RateLimit:
    """Counts the requests of the whole account, in real time rather than by the account's clock."""

    def __init__(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self._second = _Bucket()
        self._hour = _Bucket()

    def take(self, calls: int = 1) -> float | None:
        """Take a number of calls; None when allowed, otherwise the seconds until one is free."""
        now = time.monotonic()
        rps, rph = self._knobs.rps, self._knobs.rph
        waits = [self._second.wait(now, rps, rps), self._hour.wait(now, rph, rph / 3600)]
        if max(waits) > 0:
            return max(waits)
        self._second.level -= calls
        self._hour.level -= calls
        return None

    def retry_after(self, wait: float) -> str | None:
        """Return the header of a 429, if the knob wants one."""
        value = self._knobs.retry_after
        return (str(max(1, math.ceil(wait))) if value == "auto" else value) or None

    def reset(self) -> None:
        """Fill both buckets."""
        self._second, self._hour = _Bucket(), _Bucket()


class _Bucket:
    """Fills steadily up to its size; a size of 0 means no limit."""

    def __init__(self) -> None:
        self.level = math.inf
        self._at = 0.0

    def wait(self, now: float, size: float, per_second: float) -> float:
        """Return the seconds until one call is allowed."""
        if size <= 0:
            self.level = math.inf
            return 0.0
        filled = self.level if math.isinf(self.level) else self.level + (now - self._at) * per_second
        self.level = min(max(size, 1.0), filled)
        self._at = now
        return 0.0 if self.level >= 1 else (1 - self.level) / per_second

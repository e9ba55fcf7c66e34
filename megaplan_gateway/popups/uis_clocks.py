"""How far each account's UIS clock is from this machine's, judged by when its notifications arrive."""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime, timedelta

from megaplan_gateway.metrics import Metrics

log = logging.getLogger(__name__)

TOLERANCE = timedelta(seconds=5)
"""A smaller difference is the time that a notification takes."""
_LATEST = 9
_FEWEST = 3
_VALID_FOR = timedelta(minutes=10)
_NONE = timedelta(0)


class UisClocks:
    """Compares the time of each notification with that of its receipt.

    The median of the latest few decides, if they agree: a late notification does not matter, nor do those of a whole
    call that arrive together after an outage.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._latest: dict[str, deque[tuple[datetime, timedelta]]] = {}
        self._differences: dict[str, timedelta] = {}

    def note(self, account: str, occurred_at: datetime | None, received_at: datetime) -> None:
        """Take the time of a notification into account; both times are timezone-aware."""
        if occurred_at is None:
            return
        latest = self._latest.setdefault(account, deque(maxlen=_LATEST))
        latest.append((received_at, received_at - occurred_at))
        valid = sorted(behind for at, behind in latest if received_at - at <= _VALID_FOR)
        if len(valid) < _FEWEST or valid[len(valid) * 3 // 4] - valid[len(valid) // 4] > TOLERANCE:
            return
        median = valid[len(valid) // 2]
        difference = median if abs(median) > TOLERANCE else _NONE
        if (difference == _NONE) != (self.difference(account) == _NONE):
            log.warning(
                "UIS's clock differs from this machine's; call cards are shown nevertheless"
                if difference
                else "UIS's clock agrees with this machine's again",
                extra={"account": account, "seconds_behind": round(difference.total_seconds(), 1)},
            )
        self._differences[account] = difference
        largest = max(map(abs, self._differences.values()))
        self._metrics.uis_clock_difference.set(largest.total_seconds())

    def difference(self, account: str) -> timedelta:
        """Return how far UIS's clock is behind this machine's, negative if it is ahead; 0 within the tolerance."""
        return self._differences.get(account, _NONE)

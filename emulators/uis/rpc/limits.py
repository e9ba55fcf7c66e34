"""Points: every successful call of a method costs some, and the points of a minute and of a day are limited.

Windows follow the account's clock: a minute and a day begin where the wall clock's do. The two APIs are counted
apart. Only successes count, so a refused call costs nothing.
"""

from ...kit.clock import Clock
from ..errors import RpcError
from ..knobs import Knobs
from ..wall_time import WallTime

_ENDLESS = 1_000_000
_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


class Limits:
    """Counters of one API."""

    def __init__(self, knobs: Knobs, clock: Clock, wall: WallTime) -> None:
        self._knobs = knobs
        self._clock = clock
        self._wall = wall
        self._used: dict[str, tuple[int, int]] = {}  # window → (number of the window, points used in it)

    def check(self) -> None:
        """Refuse when a window is used up.

        :raises RpcError: limit_exceeded.
        """
        for window, limit in self._limits().items():
            if self._count(window) >= limit:
                raise RpcError(
                    "limit_exceeded",
                    message=f"Limit per {window} has been exceeded. "
                    f"Value of current limit per {window} is {limit}",
                    params={"limit_type": window, "limit_max_value": limit},
                )

    def charge(self, points: int) -> None:
        """Count a success."""
        for window in self._limits():
            self._used[window] = (self._number(window), self._count(window) + points)

    def reset(self) -> None:
        """Give all points back."""
        self._used.clear()

    def describe(self) -> dict[str, int]:
        """Return ``metadata.limits`` in the form the account's edition uses; resets are seconds left."""
        shown: dict[str, int] = {}
        if self._knobs.limits_schema == "empty":
            return shown
        for window, limit in self._limits().items():
            shown[f"{window}_limit"] = limit
            shown[f"{window}_remaining"] = max(0, limit - self._count(window))
            shown[f"{window}_reset"] = _SECONDS[window] - int(self._local()) % _SECONDS[window]
        return shown

    def _limits(self) -> dict[str, int]:
        knobs = self._knobs
        if knobs.limits_schema == "hour":
            windows = {"hour": knobs.hour_limit}
        else:
            windows = {"day": knobs.day_limit, "minute": knobs.minute_limit}
        return {window: limit or _ENDLESS for window, limit in windows.items()}

    def _local(self) -> float:
        now = self._clock.now()
        offset = self._wall.local(now).utcoffset()
        return now + (offset.total_seconds() if offset else 0)

    def _number(self, window: str) -> int:
        return int(self._local()) // _SECONDS[window]

    def _count(self, window: str) -> int:
        number, used = self._used.get(window, (-1, 0))
        return used if number == self._number(window) else 0

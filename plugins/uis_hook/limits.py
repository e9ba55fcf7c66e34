"""The points of an account, as the metadata of every answer names them. Free of I/O.

Each call costs points, only successful ones are charged. ``metadata.limits`` holds ``day_limit``,
``day_remaining``, ``day_reset`` and the same for the minute, in newer answers for the hour; or it is empty, or
absent (vendor's Data API documentation and its samples). Resets are seconds left. The numbers depend on the
tariff.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from megaplan_vendor_kit.responses import finite_number

LimitPeriod = Literal["minute", "hour", "day"]
PERIODS: tuple[LimitPeriod, ...] = ("minute", "hour", "day")
PERIOD_SECONDS: dict[LimitPeriod, float] = {"minute": 60.0, "hour": 3600.0, "day": 86400.0}


@dataclass(frozen=True)
class LimitWindow:
    """One limit; every part may be missing.

    :param limit: points the period has.
    :param remaining: points it still has.
    :param reset_seconds: seconds until it has all of them again, counted from the answer.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_seconds: float | None = None


@dataclass(frozen=True)
class Limits:
    """What one answer said about the account's points; a period that it did not name is None."""

    minute: LimitWindow | None = None
    hour: LimitWindow | None = None
    day: LimitWindow | None = None

    def window(self, period: LimitPeriod) -> LimitWindow | None:
        """Return the limit of a period."""
        return {"minute": self.minute, "hour": self.hour, "day": self.day}[period]

    def exhausted(self, points: int = 1) -> tuple[LimitPeriod, float] | None:
        """Return the period that lacks so many points longest, and the seconds until it is full again.

        A reset that UIS does not name counts as the whole period. None when there are points enough.
        """
        lacking: list[tuple[LimitPeriod, float]] = []
        for period in PERIODS:
            window = self.window(period)
            if window is None or window.remaining is None or window.remaining >= points:
                continue
            reset = window.reset_seconds
            lacking.append((period, PERIOD_SECONDS[period] if reset is None else reset))
        return max(lacking, key=lambda each: each[1], default=None)


def parse_limits(value: Any) -> Limits | None:
    """Read ``metadata.limits``; None when it is missing or says nothing."""
    if not isinstance(value, Mapping):
        return None
    windows = {period: _window(value, period) for period in PERIODS}
    if not any(windows.values()):
        return None
    return Limits(minute=windows["minute"], hour=windows["hour"], day=windows["day"])


def _window(value: Mapping[str, Any], period: LimitPeriod) -> LimitWindow | None:
    limit, remaining, reset = (
        finite_number(value.get(f"{period}_{part}")) for part in ("limit", "remaining", "reset")
    )
    if limit is None and remaining is None and reset is None:
        return None
    return LimitWindow(
        limit=None if limit is None else int(limit),
        remaining=None if remaining is None else int(remaining),
        reset_seconds=None if reset is None else max(0.0, reset),
    )

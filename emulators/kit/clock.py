"""The account's clock: real time, shifted, sped up or standing still, and its wall time in the account's zone.

The Data API prints ``YYYY-MM-DD hh:mm:ss`` without a zone; the zone is the account's (``get.account``).
"""

import time
from datetime import datetime
from zoneinfo import ZoneInfo

DATE_TIME = "%Y-%m-%d %H:%M:%S"


class Clock:
    """Seconds since 1970 as the account sees them."""

    def __init__(self, speed: float = 1.0) -> None:
        self._base = time.time()
        self._since = time.monotonic()
        self._speed = speed
        self._frozen = False

    def now(self) -> float:
        """Return the current time with its fraction."""
        if self._frozen:
            return self._base
        return self._base + (time.monotonic() - self._since) * self._speed

    def advance(self, seconds: float) -> None:
        """Move the clock; a negative number moves it back."""
        self._base = self.now() + seconds
        self._since = time.monotonic()

    def set(self, timestamp: float) -> None:
        """Put the clock at a time; it keeps its state of running or standing."""
        self.advance(timestamp - self.now())

    def freeze(self, frozen: bool) -> None:
        """Stop the clock, or let it run on from where it stands."""
        self.advance(0)
        self._frozen = frozen

    def set_speed(self, speed: float) -> None:
        """Let account seconds pass ``speed`` times as fast as real ones.

        :raises ValueError: not above zero.
        """
        if speed <= 0:
            raise ValueError("speed is above 0; to stop the clock use frozen")
        self.advance(0)
        self._speed = speed

    @property
    def frozen(self) -> bool:
        """Say whether the clock stands."""
        return self._frozen

    @property
    def speed(self) -> float:
        """Return how many account seconds pass in a real one."""
        return self._speed


class WallTime:
    """Turns timestamps into the account's wall time and back."""

    def __init__(self, zone: str) -> None:
        self.zone = ZoneInfo(zone)

    def local(self, timestamp: float) -> datetime:
        """Return the wall time, with its zone."""
        return datetime.fromtimestamp(timestamp, self.zone)

    def text(self, timestamp: float | None) -> str | None:
        """Return ``YYYY-MM-DD hh:mm:ss``, or null for null."""
        return None if timestamp is None else self.local(timestamp).strftime(DATE_TIME)

    def date(self, timestamp: float | None) -> str | None:
        """Return ``YYYY-MM-DD``, or null for null."""
        return None if timestamp is None else self.local(timestamp).strftime("%Y-%m-%d")

    def text_ms(self, timestamp: float, separator: str = " ") -> str:
        """Return the wall time with milliseconds, as notifications and ``list.calls`` print it."""
        moment = self.local(timestamp)
        return moment.strftime(f"%Y-%m-%d{separator}%H:%M:%S") + f".{moment.microsecond // 1000:03d}"

    def timestamp(self, text: str) -> float:
        """Read ``YYYY-MM-DD hh:mm:ss``.

        :raises ValueError: any other form.
        """
        return datetime.strptime(text, DATE_TIME).replace(tzinfo=self.zone).timestamp()

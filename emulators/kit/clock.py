"""The account's clock: real time, shifted, sped up or stopped."""

import time


class Clock:
    """Seconds since 1970 as the account sees them.

    :param not_before: timestamp at which it starts, if that is still in the future.
    """

    def __init__(self, not_before: float = 0.0) -> None:
        self._base = max(time.time(), not_before)
        self._since = time.monotonic()
        self._speed = 1.0
        self._frozen = False

    def now(self) -> float:
        """Return the current time with its fraction."""
        if self._frozen:
            return self._base
        return self._base + (time.monotonic() - self._since) * self._speed

    def second(self) -> int:
        """Return the current time in whole seconds."""
        return int(self.now())

    def advance(self, seconds: float) -> None:
        """Move the clock; a negative number moves it back."""
        self._base = self.now() + seconds
        self._since = time.monotonic()

    def set(self, timestamp: float) -> None:
        """Set the time; a running clock keeps running, a stopped one stays stopped."""
        self.advance(timestamp - self.now())

    def freeze(self, frozen: bool) -> None:
        """Stop the clock, or let it run on from the time it shows."""
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
        """Whether the clock is stopped."""
        return self._frozen

    @property
    def speed(self) -> float:
        """Return how many account seconds pass in a real one."""
        return self._speed

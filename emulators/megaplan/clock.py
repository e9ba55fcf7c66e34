"""The account's clock: whole seconds when printed, movable from the control routes."""

import time


class Clock:
    """Real time, shifted or frozen. Never earlier than the newest seeded row."""

    def __init__(self, not_before: int) -> None:
        self._offset = max(0.0, not_before - time.time())
        self._frozen: float | None = None

    def now(self) -> int:
        """Return the current second."""
        return int(self.precise())

    def precise(self) -> float:
        """Return the current time with its fraction, for token lifetimes."""
        return self._frozen if self._frozen is not None else time.time() + self._offset

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        if self._frozen is not None:
            self._frozen += seconds
        else:
            self._offset += seconds

    def set(self, timestamp: float) -> None:
        """Put the clock at a time; it keeps its state of running or standing."""
        self.advance(timestamp - self.precise())

    def freeze(self, frozen: bool) -> None:
        """Stop the clock, or let it run on from where it stands."""
        now = self.precise()
        self._frozen = now if frozen else None
        if not frozen:
            self._offset = now - time.time()

"""Detects a server whose cursors lead in circles."""

from __future__ import annotations


class CycleDetector:
    """Notices a server that leads in circles, with one remembered row (Brent's algorithm)."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget; after a step back rows come again rightly."""
        self._checkpoint: object | None = None
        self._steps = 0
        self._power = 1

    def sees(self, cursor: object) -> bool:
        """Take the next cursor; tell whether it was here before."""
        if cursor == self._checkpoint:
            return True
        self._steps += 1
        if self._steps == self._power:
            self._checkpoint, self._steps, self._power = cursor, 0, self._power * 2
        return False

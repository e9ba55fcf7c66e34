"""Errors of the rebuild.

* MegaplanSyncError
  * ViewInUseError - a view cannot be recreated, since other objects depend on it
"""

from megaplan_sync.kernel.exceptions import MegaplanSyncError


class ViewInUseError(MegaplanSyncError):
    """A view cannot be recreated, since other objects depend on it."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "A view of schema megaplan has different columns than it should have, so it has to be dropped and "
            f"recreated, but other objects depend on it ({reason}). Drop them, clear the task, "
            "and create them again. No view was changed."
        )

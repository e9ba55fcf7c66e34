"""Errors of the rebuild.

* MegaplanSyncError
  * MissingColumnsError - a raw table lacks columns that it should have
  * ViewInUseError - a view cannot be recreated, since other objects depend on it
"""

from collections.abc import Iterable

from megaplan_sync.kernel.exceptions import MegaplanSyncError


class MissingColumnsError(MegaplanSyncError):
    """A raw table lacks columns that it should have."""

    def __init__(self, missing: Iterable[tuple[str, str]]) -> None:
        named = ", ".join(f"megaplan_raw.{table}.{column}" for table, column in missing)
        super().__init__(
            f"Column {named} does not exist: add it with ALTER TABLE ... ADD COLUMN and its line of "
            "include/sql/raw/*_tables.sql, then clear the task. Nothing was changed."
        )


class ViewInUseError(MegaplanSyncError):
    """A view cannot be recreated, since other objects depend on it."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "A view of schema megaplan has different columns than it should have, so it has to be dropped and "
            f"recreated, but other objects depend on it ({reason}). Drop them, clear the task, "
            "and create them again. No view was changed."
        )

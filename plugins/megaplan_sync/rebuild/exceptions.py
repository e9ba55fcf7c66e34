"""Errors of the rebuild.

* MegaplanSyncError
  * MissingColumnsError - a raw table lacks columns that are to be rebuilt
  * ViewInUseError - a view cannot be made anew, for others are built on it
"""

from collections.abc import Iterable

from megaplan_sync.kernel.exceptions import MegaplanSyncError


class MissingColumnsError(MegaplanSyncError):
    """A raw table lacks columns that are to be rebuilt."""

    def __init__(self, missing: Iterable[tuple[str, str]]) -> None:
        named = ", ".join(f"megaplan_raw.{table}.{column}" for table, column in missing)
        super().__init__(
            f"Column {named} does not exist: add it by ALTER TABLE ... ADD COLUMN with the type that "
            "include/sql/raw/schema_*.sql gives, then run this again. Nothing was changed."
        )


class ViewInUseError(MegaplanSyncError):
    """A view cannot be made anew, for others are built on it."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            "A view of schema megaplan has other columns than it should, so it has to be dropped and made anew, and "
            f"that is not possible ({reason}). Drop what is built on it, run this again, and make it anew. No view "
            "was changed."
        )

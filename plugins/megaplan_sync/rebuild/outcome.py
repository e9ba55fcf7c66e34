"""The outcome of a rebuild, for the log, the asset event and the task's result."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class TableCounts:
    """Rows of one table.

    :param read: rows read
    :param corrected: rows with columns that did not match the payload
    :param inserted: children or moves that were missing, or children wrongly marked as deleted
    :param marked: children that are in no payload, marked with ``deleted_at``
    :param deleted: moves that follow from no version; they have no ``deleted_at``
    :param left: rows not rebuilt, because their payload cannot be trusted
    """

    read: int = 0
    corrected: int = 0
    inserted: int = 0
    marked: int = 0
    deleted: int = 0
    left: int = 0

    @property
    def changed(self) -> int:
        """Rows written."""
        return self.corrected + self.inserted + self.marked + self.deleted

    def __str__(self) -> str:
        counts = [f"{self.read} read", f"{self.corrected} corrected"]
        counts += [
            f"{number} {what}"
            for number, what in (
                (self.inserted, "inserted"),
                (self.marked, "marked as deleted"),
                (self.deleted, "deleted"),
                (self.left, "left for megaplan_reconciliation"),
            )
            if number
        ]
        return ", ".join(counts)


@dataclass
class RebuildOutcome:
    """Counts of one entity of one account, by table: ``deals`` come with line items, versions and moves."""

    account: str
    entity: str
    tables: dict[str, TableCounts] = field(default_factory=dict)
    seconds: float = 0.0
    is_finished: bool = False
    _began: float = field(default_factory=time.monotonic, repr=False)

    def counts(self, table: str) -> TableCounts:
        """Return the counts of a table, to be updated."""
        return self.tables.setdefault(table, TableCounts())

    @property
    def changed(self) -> int:
        """Rows written."""
        return sum(counts.changed for counts in self.tables.values())

    def begin_again(self) -> None:
        """Reset what an earlier try has read, but not what it has written, which was not announced yet."""
        for counts in self.tables.values():
            counts.read = counts.left = 0

    def finish(self) -> None:
        """Set the duration and mark the outcome as finished."""
        self.seconds = round(time.monotonic() - self._began, 3)
        self.is_finished = True

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for XCom, asset events and the database."""
        return {
            "account": self.account,
            "entity": self.entity,
            "tables": {name: asdict(counts) for name, counts in self.tables.items()},
            "seconds": self.seconds,
            "is_finished": self.is_finished,
        }

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> "RebuildOutcome":
        """Return the outcome from the values of ``as_dict``."""
        tables = {name: TableCounts(**counts) for name, counts in stored["tables"].items()}
        return cls(**{**stored, "tables": tables})

    def __str__(self) -> str:
        tables = "; ".join(f"{name}: {counts}" for name, counts in self.tables.items())
        return f"{self.entity} of {self.account}: {tables} ({self.seconds:.1f} s)"

"""What a rebuild did, as shown in the log, the asset event and the task's result."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class TableCounts:
    """Rows of one table.

    :param read: looked at
    :param corrected: had columns that were not what the payload says
    :param inserted: parts, versions or moves that were missing, or marked as deleted although they are there
    :param marked: parts that are in no payload, marked with ``deleted_at``
    :param deleted: moves that follow from no version; they have no ``deleted_at``
    :param left: not touched, because there is no payload to believe
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
        told = [f"{self.read} read", f"{self.corrected} corrected"]
        told += [
            f"{number} {what}"
            for number, what in (
                (self.inserted, "inserted"),
                (self.marked, "marked as deleted"),
                (self.deleted, "deleted"),
                (self.left, "left for megaplan_reconciliation"),
            )
            if number
        ]
        return ", ".join(told)


@dataclass
class RebuildOutcome:
    """Counts of one entity of one account, by table: ``deals`` come with positions, versions and moves."""

    account: str
    entity: str
    tables: dict[str, TableCounts] = field(default_factory=dict)
    seconds: float = 0.0
    is_finished: bool = False
    _began: float = field(default_factory=time.monotonic, repr=False)

    def counts(self, table: str) -> TableCounts:
        """Return the counts of a table, to be added to."""
        return self.tables.setdefault(table, TableCounts())

    @property
    def changed(self) -> int:
        """Rows written."""
        return sum(counts.changed for counts in self.tables.values())

    def begin_anew(self) -> None:
        """Forget what an earlier try has read, but not what it has written: that was not announced yet."""
        for counts in self.tables.values():
            counts.read = counts.left = 0

    def finish(self) -> None:
        """Note the end."""
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
    def from_dict(cls, told: dict[str, Any]) -> "RebuildOutcome":
        """Return the outcome that ``as_dict`` told."""
        tables = {name: TableCounts(**counts) for name, counts in told["tables"].items()}
        return cls(**{**told, "tables": tables})

    def __str__(self) -> str:
        tables = "; ".join(f"{name}: {counts}" for name, counts in self.tables.items())
        return f"{self.entity} of {self.account}: {tables} ({self.seconds:.1f} s)"

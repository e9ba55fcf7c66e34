"""The outcome of reading one entity, for the log, the asset event and the task's result."""

import time
from dataclasses import dataclass, field
from typing import Any

from megaplan_sync.raw.writer import PageCounts


@dataclass
class EntityOutcome:
    """Counts of one entity of one account."""

    account: str
    entity: str
    pages: int = 0
    read: int = 0
    inserted: int = 0
    updated: int = 0
    unreadable: int = 0
    requests: int = 0
    seconds: float = 0.0
    skipped: str | None = None
    """Why nothing was read, if the entity was skipped."""
    partial: str | None = None
    """Why the reading pauses here, if it does; the next run continues."""
    _began: float = field(default_factory=time.monotonic, repr=False)

    @property
    def changed(self) -> int:
        """Rows written."""
        return self.inserted + self.updated

    @property
    def unchanged(self) -> int:
        """Rows that were already equal and were not written."""
        return self.read - self.changed - self.unreadable

    def add_pages(self, pages: int, counts: PageCounts) -> None:
        """Add the counts of pages that were written together."""
        self.pages += pages
        self.read += counts.read
        self.inserted += counts.inserted
        self.updated += counts.updated
        self.unreadable += counts.unreadable

    def begin(self) -> None:
        """Continue, if an earlier try of the run has paused."""
        self.partial, self._began = None, time.monotonic()

    def finish(self, requests: int) -> None:
        """Add the number of requests and the duration."""
        self.requests += requests
        self.seconds = round(self.seconds + time.monotonic() - self._began, 3)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for XCom, asset events and the database."""
        values: dict[str, Any] = {
            "account": self.account,
            "entity": self.entity,
            "read": self.read,
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "unreadable": self.unreadable,
            "pages": self.pages,
            "requests": self.requests,
            "seconds": self.seconds,
        }
        if self.skipped:
            values["skipped"] = self.skipped
        if self.partial:
            values["partial"] = self.partial
        return values

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "EntityOutcome":
        """Return the outcome from the values of ``as_dict``."""
        return cls(**{name: value for name, value in values.items() if name != "unchanged"})

    def __str__(self) -> str:
        if self.skipped:
            return f"{self.entity} of {self.account}: {self.skipped}"
        return (
            f"{self.entity} of {self.account}: {self.read} read in {self.pages} pages, {self.inserted} new, "
            f"{self.updated} changed, {self.unchanged} unchanged, "
            + (f"{self.unreadable} set aside as unreadable, " if self.unreadable else "")
            + f"{self.requests} requests, {self.seconds:.1f} s"
            + (f"; partial: {self.partial}" if self.partial else "")
        )

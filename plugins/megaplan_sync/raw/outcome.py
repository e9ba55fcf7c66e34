"""What the reading of one entity did, as shown in the log, the asset event and the task's result."""

import time
from dataclasses import dataclass, field
from typing import Any

from megaplan_sync.raw.page_writers import PageCounts


@dataclass
class EntityOutcome:
    """Counts of one entity of one account."""

    account: str
    entity: str
    pages: int = 0
    read: int = 0
    inserted: int = 0
    updated: int = 0
    requests: int = 0
    seconds: float = 0.0
    skipped: str | None = None
    """Why nothing was read, if so."""
    _began: float = field(default_factory=time.monotonic, repr=False)

    @property
    def changed(self) -> int:
        """Rows written."""
        return self.inserted + self.updated

    @property
    def unchanged(self) -> int:
        """Rows that were equal already and were not written."""
        return self.read - self.changed

    def add_page(self, counts: PageCounts) -> None:
        """Count one page."""
        self.pages += 1
        self.read += counts.read
        self.inserted += counts.inserted
        self.updated += counts.updated

    def finish(self, requests: int) -> None:
        """Note the end."""
        self.requests = requests
        self.seconds = round(time.monotonic() - self._began, 3)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for XCom, asset events and the database."""
        told: dict[str, Any] = {
            "account": self.account,
            "entity": self.entity,
            "read": self.read,
            "inserted": self.inserted,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "pages": self.pages,
            "requests": self.requests,
            "seconds": self.seconds,
        }
        if self.skipped:
            told["skipped"] = self.skipped
        return told

    @classmethod
    def from_dict(cls, told: dict[str, Any]) -> "EntityOutcome":
        """Return the outcome that ``as_dict`` told."""
        return cls(**{name: value for name, value in told.items() if name != "unchanged"})

    def __str__(self) -> str:
        if self.skipped:
            return f"{self.entity} of {self.account}: {self.skipped}"
        return (
            f"{self.entity} of {self.account}: {self.read} read in {self.pages} pages, {self.inserted} new, "
            f"{self.updated} changed, {self.unchanged} unchanged, {self.requests} requests, {self.seconds:.1f} s"
        )

"""Every difference that a reconciliation finds, and how it is resolved: ``megaplan_sync.findings``.

A finding is saved in the transaction that resolves it, so the counts stay correct when a run is killed.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from psycopg import Connection
from psycopg.types.json import Jsonb

from megaplan_sync.kernel.sql import read_sql

Finding = Literal["missing", "stale", "extra", "suspect"]
Resolution = Literal["repaired", "deleted", "unfounded", "hidden", "waiting"]


class RowKey(NamedTuple):
    """Identifies a row: an entity's id, or the parent's id and the position of a child without an id of its own."""

    id: int
    part: int = 0


class OpenFinding(NamedTuple):
    """An unresolved finding, and what the sweep saw of the row, if anything."""

    id: int
    finding: Finding
    content_type: str | None
    updated_at: datetime | None
    is_dropped: bool
    evidence: dict[str, Any] | None


class Counts(NamedTuple):
    """The counts of a certificate; unacknowledged are those unreadable rows that no person has taken note of."""

    missing: int
    stale: int
    extra: int
    repaired: int
    deleted: int
    unreadable: int = 0
    unacknowledged: int = 0

    @property
    def unresolved(self) -> int:
        """Differences that still exist."""
        return self.missing + self.stale + self.extra - self.repaired - self.deleted

    @property
    def verdict(self) -> str:
        """Return the verdict of a comparison that came to its end."""
        return "unresolved" if self.unresolved else "unreadable" if self.unreadable else "proven"


class Findings:
    """One run's findings about one table of one account."""

    def __init__(self, connection: Connection[Any], run_id: str, account: str, entity: str) -> None:
        self._connection = connection
        self._of = {"run_id": run_id, "account": account, "entity": entity}

    def note(
        self,
        finding: Finding,
        keys: Sequence[RowKey],
        resolution: Resolution | None = None,
        evidence: dict[str, Any] | None = None,
    ) -> None:
        """Save differences, with their resolution if they are resolved."""
        if keys:
            self._execute(
                "note_findings",
                finding=finding,
                ids=[key.id for key in keys],
                parts=[key.part for key in keys],
                resolution=resolution,
                evidence=None if evidence is None else Jsonb(evidence),
            )

    def settle(self, ids: Collection[int]) -> None:
        """Resolve the findings of rows that have just been checked and are correct."""
        self._execute("settle_findings", ids=list(ids))

    def resolve(
        self,
        ids: Collection[int],
        resolution: Resolution | None,
        evidence: dict[str, Any] | None = None,
        finding: Finding | None = None,
    ) -> None:
        """Save the resolution of some findings.

        :param finding: what they turned out to be; None leaves it as it was
        """
        if ids:
            self._execute(
                "resolve_findings",
                ids=list(ids),
                resolution=resolution,
                evidence=None if evidence is None else Jsonb(evidence),
                finding=finding,
            )

    def waiting_for_resolution(self, *kinds: Finding) -> list[OpenFinding]:
        """Return unresolved findings, ordered by id."""
        return [OpenFinding(*row) for row in self._execute("select_open_findings", findings=list(kinds))]

    def reopen(self) -> None:
        """Delete unresolved findings, to search for them again."""
        self._execute("reopen_findings")

    def reopen_vanished(self) -> None:
        """Reopen vanished rows that an earlier try of this run left for a person to decide."""
        self._execute("reopen_vanished")

    def forget_vanished(self) -> None:
        """Delete the findings of rows that the sweep has not seen, before a second sweep."""
        self._execute("forget_vanished")

    def counts(self) -> Counts:
        """Return the counts for the certificate."""
        return Counts(*self._execute("count_findings")[0])

    def _execute(self, statement: str, **values: Any) -> list[Any]:
        cursor = self._connection.execute(read_sql(statement), {**self._of, **values})
        return cursor.fetchall() if cursor.description else []

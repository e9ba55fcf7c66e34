"""Every difference that a reconciliation finds, and what becomes of it: ``megaplan_sync.findings``.

A finding is noted in the transaction that settles it, so the counts stay right when a run is killed.
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
    """Which row: an entity's id, or its parent's id and the place of a child that has no id of its own."""

    id: int
    part: int = 0


class OpenFinding(NamedTuple):
    """A finding that waits for its resolution, and what the sweep saw: None if nothing."""

    id: int
    finding: Finding
    content_type: str | None
    updated_at: datetime | None
    is_dropped: bool
    evidence: dict[str, Any] | None


class Counts(NamedTuple):
    """The counts of a certificate."""

    missing: int
    stale: int
    extra: int
    repaired: int
    deleted: int

    @property
    def unresolved(self) -> int:
        """Differences that are still there."""
        return self.missing + self.stale + self.extra - self.repaired - self.deleted


class Findings:
    """The findings of one run about one table of one account."""

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
        """Note differences, settled ones with their resolution."""
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
        """Note of rows just looked at that they are as they should be."""
        self._execute("settle_findings", ids=list(ids))

    def resolve(
        self,
        ids: Collection[int],
        resolution: Resolution | None,
        evidence: dict[str, Any] | None = None,
        finding: Finding | None = None,
    ) -> None:
        """Note what became of some findings.

        :param finding: what they turned out to be, None if what they were
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
        """Return open findings, in the order of ids."""
        return [OpenFinding(*row) for row in self._execute("select_open_findings", findings=list(kinds))]

    def reopen(self) -> None:
        """Forget what could not be settled: it is looked for anew."""
        self._execute("reopen_findings")

    def reopen_vanished(self) -> None:
        """Open anew what an earlier try of this run has left to a person."""
        self._execute("reopen_vanished")

    def forget_vanished(self) -> None:
        """Forget which rows the sweep has not seen: there is going to be a second one."""
        self._execute("forget_vanished")

    def counts(self) -> Counts:
        """Return the counts of the certificate."""
        return Counts(*self._execute("count_findings")[0])

    def _execute(self, statement: str, **values: Any) -> list[Any]:
        cursor = self._connection.execute(read_sql(statement), {**self._of, **values})
        return cursor.fetchall() if cursor.description else []

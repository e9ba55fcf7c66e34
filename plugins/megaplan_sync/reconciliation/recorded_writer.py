"""Writes entities with their children and saves the differences as findings in the same transaction."""

import logging
from collections.abc import Callable, Collection, Sequence, Set
from datetime import datetime
from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.account_lock import account_transaction
from megaplan_sync.kernel.findings import Findings, RowKey
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.kernel.values import identifier
from megaplan_sync.raw.canonical import Entity, entity_id
from megaplan_sync.raw.fetched_entities import better_here, payload_keys, postgres_now
from megaplan_sync.raw.writer import EntitiesWritten, EntityWriter

log = logging.getLogger(__name__)


class RecordedWriter:
    """Writes rows of one entity of one account.

    :param findings: findings of the entity
    :param child_findings: findings of its children
    """

    def __init__(
        self,
        connection: Connection[Any],
        account: str,
        writer: EntityWriter,
        findings: Findings,
        child_findings: Findings,
    ) -> None:
        self.entity = writer.entity
        self.findings = findings
        self._connection = connection
        self._account = account
        self._writer = writer
        self._child_findings = child_findings

    def write(
        self,
        entities: Sequence[Entity],
        *,
        odd: Sequence[Any] = (),
        distrusted: Collection[int] = (),
        asked_at: datetime | None = None,
        and_then: Callable[[Set[int]], None] = lambda doubtful: None,
    ) -> None:
        """Write entities in canonical form.

        Skips entities that another run has written since the request, and those of which the table has a later
        version: Megaplan's replicas lag, so the answer may be an old one.

        :param odd: entries of the list that are not entities
        :param distrusted: ids that are compared completely, see ``EntityWriter.write``; their ``updated_at`` in the
            table is not trusted
        :param asked_at: Postgres' time before the request, see ``now``
        :param and_then: called in the same transaction, with the ids of skipped rows that may differ
        """
        with account_transaction(self._connection, self._account):
            left_alone = self._better_here(entities, set(distrusted), asked_at)
            fresh = [each for each in entities if not left_alone or entity_id(each) not in left_alone]
            self._note(
                self._writer.write(self._connection, self._account, fresh, distrusted=distrusted, odd=odd)
            )
            and_then({identity for identity, is_doubtful in left_alone.items() if is_doubtful})

    def changed(self, entities: Sequence[Entity]) -> list[Entity]:
        """Return the entities that differ from the table."""
        return self._writer.changed(self._connection, self._account, entities)

    def differing(self, ids: Collection[int]) -> list[int]:
        """Return the ids of rows whose children do not match the payload."""
        return self._writer.differing(self._connection, self._account, ids)

    def rederive(self, table: str, underived: Collection[int], differing: Collection[int]) -> None:
        """Rederive columns and children of rows that still differ once the account is locked.

        :param table: table of the entity, or of children with their own payload
        :param underived: ids of rows whose columns differ
        :param differing: ids of rows whose children differ
        """
        if not underived and not differing:
            return
        with account_transaction(self._connection, self._account):
            columns = self._execute("rederive_columns", table=table, ids=list(underived))
            self._note(self._writer.rederive(self._connection, self._account, differing))
            findings = self.findings if table == self.entity.name else self._child_findings
            findings.note("stale", [RowKey(identity) for (identity,) in columns], "repaired")
        log.info(
            "%s of %s: rederived columns of %d rows and children of %d that did not match the payload",
            table, self._account, len(columns), len(differing),
        )  # fmt: skip

    def mark_children(self, ids: Sequence[int]) -> None:
        """Mark the children of deleted rows, in the caller's transaction."""
        if self.entity.children is not None:
            self._note_deleted(self._execute(self.entity.children.orphaned, ids=list(ids)))

    def mark_orphans(self) -> None:
        """Mark children without a parent, which no other step reads; call it after all parents were written."""
        if self.entity.children is not None:
            with account_transaction(self._connection, self._account):
                self._note_deleted(self._execute(self.entity.children.orphaned, ids=None))

    def forget_unreadable(self, began_at: datetime | None = None, *, read_whole: bool) -> None:
        """Delete unreadable rows that are no longer in the list.

        :param began_at: when the list was read; None to use the sweeps' times
        """
        self._execute("forget_unreadable", began_at=began_at, read_whole=read_whole)

    def now(self) -> datetime:
        """Return Postgres' time; call it before requesting what is written later."""
        return postgres_now(self._connection)

    def count_changed_since(self, since: datetime, content_types: Collection[str]) -> int:
        """Return how many entities in the sweep changed at that time or later."""
        rows = self._execute("count_changed_since", content_types=list(content_types), since=since)
        return int(rows[0][0])

    def payload_keys(self, ids: Collection[int]) -> dict[int, set[str]]:
        """Return the top-level keys of the payloads of these rows, if they are in the table."""
        return payload_keys(self._connection, self._account, self.entity.name, ids)

    def _better_here(
        self, entities: Sequence[Entity], suspicious: Set[int], asked_at: datetime | None
    ) -> dict[int, bool]:
        if self.entity.reading != "changes":
            return {}
        return better_here(
            self._connection,
            self._account,
            self.entity.name,
            entities,
            asked_at=asked_at,
            distrusted=suspicious,
        )

    def _note(self, written: EntitiesWritten) -> None:
        self.findings.note("missing", written.inserted, "repaired")
        self.findings.note("stale", written.updated, "repaired")
        self._child_findings.note("missing", written.children_inserted, "repaired")
        self._child_findings.note("stale", written.children_updated, "repaired")
        self._child_findings.note("extra", written.children_removed, "deleted")
        set_aside = map(identifier, written.unreadable)
        self.findings.resolve(
            [each for each in set_aside if each is not None],
            "unfounded",
            {"found_by": "megaplan_raw.unreadable_rows"},
        )

    def _note_deleted(self, rows: Sequence[tuple[int, int]]) -> None:
        self._child_findings.note("extra", [RowKey(*row) for row in rows], "deleted")

    def _execute(self, statement: str, **values: Any) -> list[Any]:
        of = {"account": self._account, "entity": self.entity.name}
        cursor = self._connection.execute(read_sql(statement), {**of, **values})
        return cursor.fetchall() if cursor.description else []

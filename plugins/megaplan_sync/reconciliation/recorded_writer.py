"""Writes entities with their parts and, in the same transaction, notes what had differed."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from psycopg import Connection

from megaplan_sync.account_lock import account_lock
from megaplan_sync.canonical import Entity
from megaplan_sync.flatten import entity_id
from megaplan_sync.page_writers import OwnersWritten, OwnerWriter
from megaplan_sync.reconciliation.findings import Findings
from megaplan_sync.reconciliation.sweep import change_times
from megaplan_sync.sql import read_sql


class RecordedWriter:
    """Writes rows of one account.

    :param findings: of the entities
    :param part_findings: of their parts
    """

    def __init__(
        self,
        connection: Connection[Any],
        account: str,
        entity: str,
        writer: OwnerWriter,
        findings: Findings,
        part_findings: Findings,
    ) -> None:
        self._connection = connection
        self._account = account
        self._entity = entity
        self._writer = writer
        self._findings = findings
        self._part_findings = part_findings

    def write(
        self,
        entities: Sequence[Entity],
        *,
        distrusted: Collection[int] = (),
        and_then: Callable[[], None] | None = None,
    ) -> OwnersWritten:
        """Write entities in canonical form.

        An entity that the table has in a later version already (another run was quicker) is left alone.

        :param distrusted: ids of which all columns are compared, see ``OwnerWriter.write``
        :param and_then: more for the same transaction
        """
        suspicious = set(distrusted)
        with account_lock(self._connection, self._account), self._connection.transaction():
            late = self._known_better([entity for entity in entities if entity_id(entity) not in suspicious])
            fresh = [entity for entity in entities if entity_id(entity) not in late]
            written = self._writer.write(self._connection, self._account, fresh, distrusted=suspicious)
            self._findings.note("missing", written.owners.inserted, "repaired")
            self._findings.note("stale", written.owners.updated, "repaired")
            self._part_findings.note("missing", written.parts.inserted, "repaired")
            self._part_findings.note("stale", written.parts.updated, "repaired")
            self._part_findings.note("extra", written.removed_parts, "deleted")
            if and_then is not None:
                and_then()
        return written

    def _known_better(self, entities: Sequence[Entity]) -> set[int]:
        rows = self._connection.execute(
            read_sql("select_newer_rows"),
            {
                "account": self._account,
                "entity": self._entity,
                "ids": [entity_id(entity) for entity in entities],
                "updated_at": change_times(entities),
            },
        ).fetchall()
        return {identity for (identity,) in rows}

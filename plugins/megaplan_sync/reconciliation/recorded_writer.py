"""Writes entities with their parts and, in the same transaction, notes what had differed."""

from collections.abc import Callable, Collection, Sequence, Set
from datetime import datetime
from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.account_lock import account_lock
from megaplan_sync.kernel.findings import Findings
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.canonical import Entity
from megaplan_sync.raw.fetched_entities import better_here, payload_keys, postgres_now
from megaplan_sync.raw.flatten import entity_id
from megaplan_sync.raw.page_writers import OwnersWritten, OwnerWriter


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
        asked_at: datetime | None = None,
        and_then: Callable[[Set[int]], None] = lambda doubtful: None,
    ) -> OwnersWritten:
        """Write entities in canonical form.

        An entity that another run has written since Megaplan was asked is left alone, and so is one of which the
        table has a later version: Megaplan's copies lag, it may just have been an old one that answered.

        :param distrusted: ids of which all columns are compared, see ``OwnerWriter.write``; the table's version of
            them is not believed to be later
        :param asked_at: when, or before when, Megaplan was asked by Postgres' clock, see ``now``
        :param and_then: more for the same transaction; is given the ids that were left alone and may differ
        """
        suspicious = set(distrusted)
        with account_lock(self._connection, self._account), self._connection.transaction():
            left_alone = self._better_here(entities, suspicious, asked_at)
            fresh = [entity for entity in entities if entity_id(entity) not in left_alone]
            written = self._writer.write(self._connection, self._account, fresh, distrusted=suspicious)
            self._findings.note("missing", written.owners.inserted, "repaired")
            self._findings.note("stale", written.owners.updated, "repaired")
            self._part_findings.note("missing", written.parts.inserted, "repaired")
            self._part_findings.note("stale", written.parts.updated, "repaired")
            self._part_findings.note("extra", written.removed_parts, "deleted")
            and_then({identity for identity, is_doubtful in left_alone.items() if is_doubtful})
        return written

    def now(self) -> datetime:
        """Return Postgres' time, to be taken before Megaplan is asked for what is written later."""
        return postgres_now(self._connection)

    def count_changed_since(self, since: datetime, content_types: Collection[str]) -> int:
        """Return how many of the entities that the sweep has seen had changed at that time or later."""
        row = self._connection.execute(
            read_sql("count_changed_since"),
            {
                "account": self._account,
                "entity": self._entity,
                "content_types": list(content_types),
                "since": since,
            },
        ).fetchone()
        return int(row[0]) if row else 0

    def payload_keys(self, ids: Collection[int]) -> dict[int, set[str]]:
        """Return the top-level keys of the payloads of those rows that stand in the table."""
        return payload_keys(self._connection, self._account, self._entity, ids)

    def _better_here(
        self, entities: Sequence[Entity], suspicious: Set[int], asked_at: datetime | None
    ) -> dict[int, bool]:
        return better_here(
            self._connection,
            self._account,
            self._entity,
            entities,
            asked_at=asked_at,
            distrusted=suspicious,
        )

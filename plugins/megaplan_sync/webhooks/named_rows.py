"""Writes entities that webhooks name into a raw table, and settles the webhooks in the same transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from megaplan_sync.kernel.account_lock import account_transaction
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.canonical import Entity, entity_id
from megaplan_sync.raw.fetched_entities import better_here
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.writer import EntityWriter, PageCounts

Settle = Callable[[dict[int, str]], None]
"""Called with the outcome for each id, in the transaction that writes the entities."""


class NamedRows:
    """One raw table of one account.

    :param writer: writes its entities
    :param outcome: counts what is written
    """

    def __init__(
        self, connection: Connection[Any], account: str, writer: EntityWriter, outcome: EntityOutcome
    ) -> None:
        self._connection = connection
        self._account = account
        self._entity = writer.entity
        self._writer = writer
        self._outcome = outcome

    def write(
        self, entities: Sequence[Entity], asked_at: datetime, settle: Settle, *, odd: Sequence[Any] = ()
    ) -> None:
        """Write entities in canonical form.

        Rows that another run has written since are left alone; an entity that may be an old version is in doubt.

        :param asked_at: not later than the request, by Postgres' clock
        :param settle: called with ``written``, ``unchanged`` or ``in doubt`` for each id
        :param odd: cards that are no entities; they are set aside
        """
        with account_transaction(self._connection, self._account):
            left_alone = (
                better_here(self._connection, self._account, self._entity.name, entities, asked_at=asked_at)
                if self._entity.reading == "changes"
                else {}
            )
            fresh = [entity for entity in entities if entity_id(entity) not in left_alone]
            written = self._writer.write(self._connection, self._account, fresh, odd=odd)
            changed = {key.id for key in (*written.inserted, *written.updated)}
            outcomes = {
                entity_id(entity): "written" if entity_id(entity) in changed else "unchanged"
                for entity in fresh
            }
            outcomes |= {
                identity: "in doubt" if doubtful else "unchanged" for identity, doubtful in left_alone.items()
            }
            settle(outcomes)
            self._connection.execute(read_sql("commit_durably"))  # before an asset event announces the rows
        self._outcome.add_pages(1, written.counts(len(entities) + len(odd)))

    def mark_deleted(self, identity: int, evidence: dict[str, Any], settle: Settle) -> None:
        """Mark a row and its children as deleted; a missing or already marked row stays as it is."""
        account = {"account": self._account}
        with account_transaction(self._connection, self._account):
            marked = self._connection.execute(
                read_sql("mark_deleted"),
                {**account, "entity": self._entity.name, "ids": [identity], "evidence": Jsonb(evidence)},
            ).fetchall()
            if self._entity.children is not None:
                self._connection.execute(
                    read_sql(self._entity.children.orphaned), {**account, "ids": [identity]}
                )
            settle({identity: "deleted" if marked else "deleted, not here"})
            self._connection.execute(read_sql("commit_durably"))
        self._outcome.add_pages(1, PageCounts(1, 0, len(marked)))

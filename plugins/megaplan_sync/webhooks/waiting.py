"""The waiting webhooks of one account, by the entities that they name, and their outcomes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from megaplan_sync.inbox.webhook_bodies import DROPPED
from megaplan_sync.kernel.leases import leased
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.entities import TABLE_OF

NAMED = {content_type: entity for content_type, entity in TABLE_OF.items() if entity.named_by_webhooks}
"""Entities by the content type that a webhook names; other types are not looked into."""
NOTHING_TO_READ = "nothing to read: no raw table holds this"
MOST_AT_ONCE = 5_000


class EntityKey(NamedTuple):
    """One entity of Megaplan."""

    content_type: str
    id: int


@dataclass
class NamedEntity:
    """An entity that webhooks name.

    :param numbers: of the webhooks
    :param youngest_seconds: age of the latest one
    :param dropped_by: uuid of the latest one that calls it deleted, empty if it has none; None if there is none
    """

    key: EntityKey
    numbers: list[int] = field(default_factory=list)
    youngest_seconds: float = float("inf")
    dropped_by: str | None = None
    is_settled: bool = False


class WaitingWebhooks:
    """The webhooks of one account."""

    def __init__(self, connection: Session, account: str) -> None:
        self._connection = connection
        self._account = account

    def entities(self) -> list[NamedEntity]:
        """Return the named entities, oldest webhook first; settle webhooks that name nothing we store."""
        named: dict[EntityKey, NamedEntity] = {}
        nothing: list[int] = []
        for number, model, event, identity, uuid, age in self._execute("select_webhooks", limit=MOST_AT_ONCE):
            if model not in NAMED or identity is None:
                nothing.append(number)
                continue
            key = EntityKey(model, identity)
            entity = named.setdefault(key, NamedEntity(key))
            entity.numbers.append(number)
            entity.youngest_seconds = min(entity.youngest_seconds, age)
            if event == DROPPED:
                entity.dropped_by = uuid or ""
        self.settle(dict.fromkeys(nothing, NOTHING_TO_READ))
        return list(named.values())

    def settle(self, outcomes: Mapping[int, str]) -> None:
        """Save the outcomes of webhooks by number, in the caller's transaction if there is one."""
        if outcomes:
            self._execute("settle_webhooks", numbers=list(outcomes), outcomes=list(outcomes.values()))

    def leased(self) -> AbstractContextManager[None]:
        """Keep other runs away from the account's webhooks inside the block.

        :raises WorkInProgressError: another run is processing them
        """
        return leased(self._connection, self._account, "webhooks", wait_seconds=0)

    def _execute(self, statement: str, **values: Any) -> list[Any]:
        cursor = self._connection.execute(read_sql(statement), {"account": self._account, **values})
        return cursor.fetchall() if cursor.description else []


def by_table(entities: Iterable[NamedEntity]) -> dict[str, list[NamedEntity]]:
    """Group entities by raw table."""
    found: dict[str, list[NamedEntity]] = defaultdict(list)
    for entity in entities:
        found[NAMED[entity.key.content_type].name].append(entity)
    return found

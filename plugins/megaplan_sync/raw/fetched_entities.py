"""Entities fetched one by one or by links, and rows that may already be newer in the table."""

import logging
from collections.abc import Callable, Collection, Sequence, Set
from datetime import datetime
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import MegaplanAPIError, MegaplanRateLimitError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.json_text import json_text
from megaplan_sync.kernel.sql import for_table, read_sql
from megaplan_sync.kernel.values import time_text
from megaplan_sync.raw.canonical import Entity, entity_id, readable
from megaplan_sync.raw.entity_pages import EntityPages

log = logging.getLogger(__name__)


def postgres_now(connection: Connection[Any]) -> datetime:
    """Return Postgres' time; call it before requesting what is written later."""
    row = connection.execute(read_sql("select_clock")).fetchone()
    if row is None:
        raise LookupError("Postgres returned no time")
    found: datetime = row[0]
    return found


def better_here(
    connection: Connection[Any],
    account: str,
    entity: str,
    entities: Sequence[Entity],
    *,
    asked_at: datetime | None,
    distrusted: Set[int] = frozenset(),
) -> dict[int, bool]:
    """Return the ids of rows not to be overwritten, each with whether that is in doubt.

    Another run may have written them since the request, or the table has a later version: Megaplan's replicas lag,
    so the answer may be an old one.

    :param entity: table
    :param entities: as just received from Megaplan
    :param asked_at: Postgres' time before the request
    :param distrusted: ids whose ``updated_at`` in the table is not trusted
    """
    fetched = [
        (identity := entity_id(each), time_text(each.get("timeUpdated")), identity in distrusted)
        for each in entities
    ]
    values = {"account": account, "fetched": json_text(fetched), "asked_at": asked_at}
    return dict(connection.execute(for_table("select_newer_rows", entity), values).fetchall())


def payload_keys(
    connection: Connection[Any], account: str, entity: str, ids: Collection[int]
) -> dict[int, set[str]]:
    """Return the top-level keys of the payloads of these rows, if they are in the table."""
    rows = connection.execute(
        for_table("select_payload_keys", entity), {"account": account, "ids": list(ids)}
    ).fetchall()
    return {identity: set(keys) for identity, keys in rows}


class LinkAnswers:
    """Requests entities by links, and finds out whether they are as complete as in the list, which is not documented.

    :param known_keys: returns the payload keys of given rows
    """

    def __init__(
        self, hook: MegaplanHook, known_keys: Callable[[Collection[int]], dict[int, set[str]]]
    ) -> None:
        self._hook = hook
        self._known_keys = known_keys
        self._cards_have_more: dict[str, bool] = {}
        """By content type: whether links return less than cards, or nothing."""

    def give_too_little(self, content_type: str) -> bool:
        """Return whether links are known to be incomplete."""
        return self._cards_have_more.get(content_type, False)

    def ask(self, content_type: str, pages: EntityPages, ids: Sequence[int]) -> list[Entity] | None:
        """Return entities as Megaplan sent them, with one request; None if they are incomplete.

        Megaplan silently leaves out those that are gone or hidden from the user.
        """
        links = [{"contentType": content_type, "id": str(identity)} for identity in ids]
        try:
            entities, _ = readable(self._hook.entities_by_links(links))
            sent = [entity for entity in entities if entity_id(entity) in ids]
            return sent if self._are_whole(content_type, pages, sent) else None
        except MegaplanRateLimitError:
            raise
        except MegaplanAPIError as refusal:
            log.warning("%s: entities are now requested one by one instead of by links", refusal)
            self._cards_have_more[content_type] = True
            return None

    def _are_whole(self, content_type: str, pages: EntityPages, sent: Sequence[Entity]) -> bool:
        """Return whether links gave all fields requested from the list.

        They did if every entity has all the keys that it has in the table. If one lacks some, or none is in the
        table, its card, which is complete, decides.
        """
        names = set(pages.names)
        if (
            not sent
            or content_type in self._cards_have_more
            or any(names <= entity.keys() for entity in sent)
        ):
            return True
        known = self._known_keys([entity_id(entity) for entity in sent])
        expected = [(entity, known.get(entity_id(entity), set()) & names) for entity in sent]
        lacking = [entity for entity, keys in expected if keys - entity.keys()]
        if not lacking and any(keys for _, keys in expected):
            return True
        doubted = (lacking or sent)[0]
        card = pages.card(doubted)
        has_more = card is not None and bool((card.keys() & names) - doubted.keys())
        self._cards_have_more[content_type] = has_more
        return not has_more

"""Entities that were asked for one by one or by links, and the rows that the table may have in a better version."""

import logging
from collections.abc import Callable, Collection, Sequence, Set
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import MegaplanAPIError, MegaplanRateLimitError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.kernel.values import moment
from megaplan_sync.raw.canonical import Entity
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.flatten import entity_id

log = logging.getLogger(__name__)

_PAYLOAD_KEYS = {"deals": "select_payload_keys_of_deals", "contacts": "select_payload_keys_of_contacts"}


def change_time(item: Entity) -> datetime | None:
    """Return an entity's ``timeUpdated``, aware; None if it has none."""
    text = moment(item.get("timeUpdated"))
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def postgres_now(connection: Connection[Any]) -> datetime:
    """Return Postgres' time, to be taken before Megaplan is asked for what is written later."""
    row = connection.execute(read_sql("select_clock")).fetchone()
    if row is None:
        raise LookupError("Postgres did not tell its time")
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
    """Return the ids that are to be left alone, each with whether it is in doubt.

    Another run may have written them since Megaplan was asked, or the table has a later version: Megaplan's copies
    lag, it may just have been an old one that answered.

    :param entity: table
    :param entities: as Megaplan has just given them
    :param asked_at: when, or before when, Megaplan was asked by Postgres' clock
    :param distrusted: ids of which the table's version is not believed to be later
    """
    ids = [entity_id(each) for each in entities]
    return dict(
        connection.execute(
            read_sql("select_newer_rows"),
            {
                "account": account,
                "entity": entity,
                "ids": ids,
                "updated_at": [change_time(each) for each in entities],
                "distrusted": [identity in distrusted for identity in ids],
                "asked_at": asked_at,
            },
        ).fetchall()
    )


def payload_keys(
    connection: Connection[Any], account: str, entity: str, ids: Collection[int]
) -> dict[int, set[str]]:
    """Return the top-level keys of the payloads of those rows that stand in a table."""
    rows = connection.execute(
        read_sql(_PAYLOAD_KEYS[entity]), {"account": account, "ids": list(ids)}
    ).fetchall()
    return {identity: set(keys) for identity, keys in rows}


class LinkAnswers:
    """Asks for entities by links, and finds out whether these give all that the list does: nobody documents it.

    :param known_keys: returns the keys of the payloads of some rows
    """

    def __init__(
        self, hook: MegaplanHook, known_keys: Callable[[Collection[int]], dict[int, set[str]]]
    ) -> None:
        self._hook = hook
        self._known_keys = known_keys
        self._cards_have_more: dict[str, bool] = {}
        """By content type: whether links give less than cards, or nothing at all."""

    def give_too_little(self, content_type: str) -> bool:
        """Tell whether that has turned out."""
        return self._cards_have_more.get(content_type, False)

    def ask(self, content_type: str, pages: EntityPages, ids: Sequence[int]) -> list[Entity] | None:
        """Return entities as Megaplan sent them, with one request; None if links give too little of them.

        Those that are gone, or that the user may not see, are left out without a word.
        """
        links = [{"contentType": content_type, "id": str(identity)} for identity in ids]
        try:
            sent = self._hook.entities_by_links(links)
            return sent if self._are_whole(content_type, pages, sent) else None
        except MegaplanRateLimitError:
            raise
        except MegaplanAPIError as refusal:
            log.warning("%s: entities are not asked for by links any more, but one by one", refusal)
            self._cards_have_more[content_type] = True
            return None

    def _are_whole(self, content_type: str, pages: EntityPages, sent: Sequence[Entity]) -> bool:
        """Tell whether links gave all that the list is asked for.

        They did when every entity has all the keys that it has in the table. Where one lacks some, or the table has
        none of them, a card tells: it gives everything.
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

"""Fetches the entities that webhooks name with as few requests as possible.

A single entity is read by its card. Several are requested by links, a page of them at once. If links return too few
fields (which ones is not documented), the list sorted by latest change has recent changes at its top. The rest is
read card by card.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import ceil
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import MegaplanError, MegaplanForbiddenError, concerns_one_answer
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.raw.canonical import Entity, entity_id
from megaplan_sync.raw.entities import LATEST_CHANGE_FIRST, RawEntity
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.fetched_entities import LinkAnswers, payload_keys
from megaplan_sync.raw.full_read import FullRead

FEWEST_FOR_LIST = 3
FEWEST_FOR_WHOLE_LIST = 10
"""For lists without change times: Megaplan fails with 500 on links to employees, so all are read, or single cards."""


class Fetched:
    """Fetched entities in canonical form, odd cards, and the ids that were not returned, with the reason.

    Failed ones may be tried again later; they do not keep others from being read.
    """

    def __init__(self) -> None:
        self.entities: list[Entity] = []
        self.odd: list[Any] = []
        self.not_given: dict[int, str] = {}
        self.failed: dict[int, MegaplanError] = {}

    @property
    def ids(self) -> set[int]:
        """Ids of the fetched entities."""
        return {entity_id(entity) for entity in self.entities}


class NamedEntitiesFetch:
    """Fetches deals, contacts or employees of one account.

    :param entity: their table
    :param pages_by_type: the list that knows which fields to request, by content type
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        entity: RawEntity,
        pages_by_type: Mapping[str, EntityPages],
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._entity = entity
        self._pages_by_type = pages_by_type
        self._links = LinkAnswers(hook, lambda ids: payload_keys(connection, hook.account, entity.name, ids))

    def batches(self, content_type: str, ids: Collection[int]) -> Iterator[Fetched]:
        """Yield entities of one content type a page at a time, so that each page can be written at once."""
        pages = self._pages_by_type[content_type]
        left = list(ids)
        if self._entity.reading == "whole":
            if len(left) >= FEWEST_FOR_WHOLE_LIST:
                fetched = self._from_the_whole_list(left)
                left = [identity for identity in left if identity not in fetched.ids]
                yield fetched
            yield from self._one_by_one(pages, left)
            return
        size = self._hook.settings.page_size
        while len(left) > 1 and not self._links.give_too_little(content_type):
            given = self._by_links(content_type, pages, left[:size])
            if given is None:
                break
            left = left[size:]
            yield given
        if len(left) >= FEWEST_FOR_LIST:
            for fetched in self._latest_first(content_type, pages, left):
                left = [identity for identity in left if identity not in fetched.ids]
                yield fetched
        yield from self._one_by_one(pages, left)

    def _one_by_one(self, pages: EntityPages, ids: Sequence[int]) -> Iterator[Fetched]:
        for identity in ids:
            fetched = Fetched()
            self._by_card(pages, identity, fetched)
            yield fetched

    def _from_the_whole_list(self, ids: Sequence[int]) -> Fetched:
        wanted, fetched = set(ids), Fetched()
        for page in FullRead(self._hook, self._connection, self._entity.lists[0][0]).canonical_pages():
            fetched.entities += [item for item in page.items if entity_id(item) in wanted]
        return fetched

    def _by_links(self, content_type: str, pages: EntityPages, ids: Sequence[int]) -> Fetched | None:
        """Return a page of entities; None if links return too few fields."""
        sent = self._links.ask(content_type, pages, ids)
        if sent is None:
            return None
        fetched = Fetched()
        fetched.entities, _ = pages.as_in_the_list(sent)  # the cards of odd ones are requested below
        for identity in ids:
            if identity not in fetched.ids:
                self._by_card(pages, identity, fetched)
        return fetched

    def _latest_first(self, content_type: str, pages: EntityPages, ids: Sequence[int]) -> Iterator[Fetched]:
        """Yield these entities from the first pages of the list, as long as a page contains any."""
        wanted = set(ids)
        pages_left = ceil(len(wanted) / self._hook.settings.page_size)
        for page in pages.pages(LATEST_CHANGE_FIRST):
            fetched = Fetched()
            fetched.entities = [
                item
                for item in pages.brought_into_list_form(page)
                if item["contentType"] == content_type and entity_id(item) in wanted
            ]
            wanted -= fetched.ids
            yield fetched
            pages_left -= 1
            if not wanted or not fetched.entities or not pages_left:
                return

    def _by_card(self, pages: EntityPages, identity: int, fetched: Fetched) -> None:
        try:
            card = pages.card({"id": identity})
        except MegaplanForbiddenError as refusal:
            fetched.not_given[identity] = f"hidden: {refusal}"
            return
        except MegaplanError as failure:
            if not concerns_one_answer(failure):
                raise
            fetched.failed[identity] = failure
            return
        if card is None:
            fetched.not_given[identity] = "not found"
            return
        entities, odd = pages.as_in_the_list([card])
        fetched.entities += entities
        fetched.odd += odd
        if not entities and not odd:
            fetched.not_given[identity] = "not copied: created before deals_since"
        if odd:
            fetched.not_given[identity] = "unreadable: its card is in megaplan_raw.unreadable_rows"

"""Reads a list that does not know when its entities changed: whole, but not oftener than its setting says."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import MegaplanNotFoundError, MegaplanValidationError
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.canonical import CanonicalPage, Entity, content
from megaplan_sync.entities import EntitySpec
from megaplan_sync.field_names import FieldNames
from megaplan_sync.page_writers import WholeEntity
from megaplan_sync.whole_items import whole_items


class WholeWalk:
    """All entities of one such list of one account."""

    def __init__(self, hook: MegaplanHook, connection: Connection[Any], spec: EntitySpec) -> None:
        self._hook = hook
        self._spec = spec
        self._field_names = FieldNames(connection, hook.account, spec)

    def entities(self) -> Iterator[list[WholeEntity]]:
        """Yield the entities page by page, in canonical form."""
        for page in self.pages():
            entities = CanonicalPage(page.data).entities(page.items)
            yield [WholeEntity(entity, content(entity)) for entity in entities]

    def pages(self, **arguments: Any) -> Iterator[ListPage]:
        """Yield the pages as Megaplan sent them, bare items restored.

        :param arguments: further arguments of the list route
        """
        names = self._field_names.wanted()
        try:
            first, pages = self._begin(names, arguments)
        except MegaplanValidationError as refusal:
            names = self._field_names.without_refused(
                names, refusal, lambda some: self._try_names(some, arguments)
            )
            first, pages = self._begin(names, arguments)
        if first is None:
            return
        yield self._with_whole_items(first, names)
        for page in pages:
            yield self._with_whole_items(page, names)

    def _begin(
        self, names: Sequence[str], arguments: dict[str, Any]
    ) -> tuple[ListPage | None, Iterator[ListPage]]:
        pages = self._hook.walk(
            self._spec.path,
            arguments={**arguments, "fields": list(names), "onlyRequestedFields": True},
            page_size=self._hook.settings.page_size,
            order=None,
        )
        return next(pages, None), pages

    def _try_names(self, names: Sequence[str], arguments: dict[str, Any]) -> None:
        self._hook.list_page(
            self._spec.path, {**arguments, "limit": 1, "fields": list(names), "onlyRequestedFields": True}
        )

    def _with_whole_items(self, page: ListPage, names: Sequence[str]) -> ListPage:
        return replace(page, items=whole_items(page.items, page.data, names, self._read_card))

    def _read_card(self, link: Entity) -> Entity | None:
        try:
            card: Entity = self._hook.request("GET", f"{self._spec.path}/{link['id']}").data
        except MegaplanNotFoundError:
            return None
        return card

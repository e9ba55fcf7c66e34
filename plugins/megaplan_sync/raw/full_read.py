"""Reads a list without change times completely."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import MegaplanValidationError
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.raw.bare_items import read_card, with_whole_items
from megaplan_sync.raw.canonical import CanonicalPage, Entity, is_writable
from megaplan_sync.raw.chosen_rows import ChosenRows
from megaplan_sync.raw.entities import EntitySpec
from megaplan_sync.raw.field_names import FieldNames

log = logging.getLogger(__name__)


class FullRead:
    """Reads all entities of one such list of one account."""

    def __init__(self, hook: MegaplanHook, connection: Connection[Any], spec: EntitySpec) -> None:
        self._hook = hook
        self._spec = spec
        self._field_names = FieldNames(connection, hook.account, spec)
        self._choice = ChosenRows(hook.settings, spec)

    def _wanted(self) -> list[str]:
        return self._choice.private.requested(self._spec, self._field_names.wanted())

    def canonical_pages(self) -> Iterator[ListPage]:
        """Yield the pages with their entities in canonical form."""
        for page in self.pages():
            CanonicalPage(page.data).bring(page.items)
            yield page

    def pages(self, **arguments: Any) -> Iterator[ListPage]:
        """Yield the pages as Megaplan sent them, with bare items restored.

        :param arguments: further arguments of the list route
        """
        names: Sequence[str] | None = self._wanted()
        try:
            first, pages = self._begin(names, arguments)
        except MegaplanValidationError as refusal:
            names = self._accepted(names or (), arguments, refusal)
            first, pages = self._begin(names, arguments)
        if first is None:
            return
        yield self._with_whole_items(first, names or ())
        for page in pages:
            yield self._with_whole_items(page, names or ())

    def as_in_the_list(self, cards: Sequence[Entity]) -> list[Entity]:
        """Return cards with only the fields requested from the list; not in canonical form yet."""
        allowed = {"contentType", "id", *self._wanted()}
        self._choice.private.apply([card for card in cards if is_writable(card)])
        return [{key: value for key, value in card.items() if key in allowed} for card in cards]

    def _accepted(
        self, names: Sequence[str], arguments: dict[str, Any], refusal: MegaplanValidationError
    ) -> Sequence[str] | None:
        """Return the fields that the account accepts; None if the route does not accept ``fields``."""
        try:
            return self._field_names.without_refused(
                names, refusal, lambda some: self._try_names(some, arguments)
            )
        except MegaplanValidationError:
            log.warning("%s does not accept `fields` (%s): reading it without", self._spec.path, refusal)
            return None

    def _begin(
        self, names: Sequence[str] | None, arguments: dict[str, Any]
    ) -> tuple[ListPage | None, Iterator[ListPage]]:
        chosen = {} if names is None else {"fields": list(names), "onlyRequestedFields": True}
        pages = self._hook.pages(
            self._spec.path,
            arguments={**arguments, **chosen},
            page_size=self._hook.settings.page_size,
            order=None,
        )
        return next(pages, None), pages

    def _try_names(self, names: Sequence[str], arguments: dict[str, Any]) -> None:
        self._hook.list_page(
            self._spec.path, {**arguments, "limit": 1, "fields": list(names), "onlyRequestedFields": True}
        )

    def _with_whole_items(self, page: ListPage, names: Sequence[str]) -> ListPage:
        return with_whole_items(
            page, names, lambda link: read_card(self._hook, self._spec.path, link["id"]), self._choice
        )

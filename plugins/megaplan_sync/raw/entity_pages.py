"""Reads complete entities of one list, by page or one by one, with the fields that the account accepts."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import MegaplanValidationError
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.links import is_bare_link
from megaplan_hook.paging import ListPage, Order
from megaplan_sync.raw.bare_items import WholePage, read_card, with_whole_items
from megaplan_sync.raw.canonical import CanonicalPage, Entity, readable
from megaplan_sync.raw.change_times import change_time, latest_believable, reached
from megaplan_sync.raw.chosen_rows import ChosenRows
from megaplan_sync.raw.entities import EntitySpec
from megaplan_sync.raw.field_names import FieldNames
from megaplan_sync.raw.list_form import in_list_form


class EntityPages:
    """One list of one account.

    :param names: requested ``fields``, without those that the account has refused or its connection leaves out
    :param choice: which rows are copied, and what becomes of private fields
    """

    def __init__(self, hook: MegaplanHook, connection: Connection[Any], spec: EntitySpec) -> None:
        self.hook = hook
        self.spec = spec
        self._connection = connection
        self._field_names = FieldNames(connection, hook.account, spec)
        self.choice = ChosenRows(hook.settings, spec)
        self.names = self.choice.private.requested(spec, self._field_names.wanted())

    def pages(
        self,
        order: Order,
        start: Sequence[Any] = (),
        expected_rows: int | None = None,
        since: datetime | None = None,
    ) -> Iterator[WholePage]:
        """Yield pages with complete items in canonical form.

        The first request finds out which fields the account accepts.

        :param start: cursor of an earlier reading in the same order
        :param expected_rows: rough number of remaining rows, see ``PageWalk``
        :param since: of a list sorted by latest change: bare items behind one that has not changed since then are
            left out, as they have not changed either
        """
        pages = self._ask(order, start, expected_rows)
        try:
            first = next(pages, None)
        except MegaplanValidationError as refusal:
            self.names = self._field_names.without_refused(self.names, refusal, self._try_names)
            pages = self._ask(order, start, expected_rows)
            first = next(pages, None)
        if first is None:
            return
        if since is not None and since > latest_believable(first.server_time):
            since = None
        changes: list[datetime] = []
        for page in itertools.chain([first], pages):
            items = page.items if since is None else _without_unchanged_links(page, since, changes)
            yield self._with_whole_items(replace(page, items=items))

    def arguments(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the arguments that request exactly these fields."""
        return {"fields": list(names), "onlyRequestedFields": True}

    def card(self, link: Mapping[str, Any]) -> Entity | None:
        """Return one complete entity, odd or not; None when it is gone.

        :raises MegaplanForbiddenError: the user may not see it
        """
        return read_card(self.hook, self.spec.path, link["id"])

    def as_in_the_list(self, sent: Sequence[Entity]) -> tuple[list[Entity], list[Any]]:
        """Return chosen entities of another route in canonical form, with only the fields requested from the list.

        :param sent: everything in the response
        :returns: the entities, and what cannot be stored
        """
        readable_ones, odd = readable(sent)
        entities = self.choice.among(readable_ones)
        self.choice.private.apply(entities)
        items = [dict(entity) for entity in entities]
        CanonicalPage(entities).bring(items)
        return self._in_list_form(items, self.names), self.choice.private.odd(odd)

    def brought_into_list_form(self, page: WholePage) -> list[Entity]:
        """Return the items of a page, those that the list abbreviates in its form; not for another thread."""
        if not page.of_other_routes:
            return page.items
        items = list(page.items)
        others = [items[place] for place in page.of_other_routes]
        formed = self._in_list_form(others, requested=self.names)
        for place, item in zip(page.of_other_routes, formed, strict=True):
            items[place] = item
        return items

    def _in_list_form(
        self, items: Sequence[Entity], names: Sequence[str] | None = None, requested: Sequence[str] = ()
    ) -> list[Entity]:
        formed = in_list_form(self._connection, self.hook.account, items, names, requested)
        self.choice.private.leave_out(formed)  # the stored row may have what is left out now
        return formed

    def _ask(self, order: Order, start: Sequence[Any], expected_rows: int | None) -> Iterator[ListPage]:
        return self.hook.pages(
            self.spec.path,
            arguments=self.arguments(self.names),
            page_size=self.hook.settings.page_size,
            order=order,
            start=tuple(start),
            expected_rows=expected_rows,
        )

    def _try_names(self, names: Sequence[str]) -> None:
        self.hook.list_page(self.spec.path, {"limit": 1, **self.arguments(names)})

    def _with_whole_items(self, page: ListPage) -> WholePage:
        whole = with_whole_items(page, self.names, self.card, self.choice)
        CanonicalPage(whole.data).bring(whole.items)
        return whole


def _without_unchanged_links(page: ListPage, since: datetime, changes: list[datetime]) -> list[Entity]:
    """Return the items of a page without bare ones that have not changed.

    A bare item does not say when it changed, but it stands behind items that changed later.

    :param changes: change times of the pages before; those of this page are added
    """
    unchanged = set()
    for row in page.data:
        if (change := change_time(row)) is not None:
            changes.append(change)
        elif is_bare_link(row) and (down_to := reached(changes)) is not None and down_to < since:
            unchanged.add((row["contentType"], row["id"]))
    return [item for item in page.items if (item["contentType"], item["id"]) not in unchanged]

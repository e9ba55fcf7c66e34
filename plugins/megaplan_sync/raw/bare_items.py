"""Replaces rows of a page that are bare links by the full entities.

Megaplan prints an entity in full only once in a response, so the company of an earlier person on the same page
may be a bare link in the list. Its full form is taken from where it was printed; if that form lacks requested
fields, the card is read by id. A card that Megaplan refuses is set aside, like one that cannot be stored.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from megaplan_hook.exceptions import (
    MegaplanError,
    MegaplanNotFoundError,
    MegaplanServerError,
    MegaplanTransportError,
    concerns_one_answer,
)
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.raw.canonical import Entity, card_of, full_forms, is_writable, readable
from megaplan_sync.raw.chosen_rows import ChosenRows

MOST_FAILED_CARDS = 3
"""One after another; more mean that Megaplan fails altogether, not for a card."""


def read_card(hook: MegaplanHook, path: str, identity: Any) -> Entity | None:
    """Read one entity, odd or not; None when it is gone, or merged into another one, whose card comes instead."""
    try:
        card = card_of(hook.request("GET", f"{path}/{identity}").data, identity)
    except MegaplanNotFoundError:
        return None
    return card if str(card["id"]) == str(identity) else None


def refused_entity(identity: Any, refusal: MegaplanError) -> Entity:
    """Return what is set aside instead of an entity that Megaplan refuses to send."""
    return {"id": str(identity), "refusal": str(refusal)}


@dataclass(frozen=True)
class WholePage(ListPage):
    """A page whose items can be stored and are whole; what cannot be stored is odd.

    :param of_other_routes: positions of items whose form is not that of the list, which abbreviates them
    """

    of_other_routes: Collection[int] = ()


def with_whole_items(
    page: ListPage, wanted: Collection[str], read: Callable[[Entity], Entity | None], choice: ChosenRows
) -> WholePage:
    """Return a page with its abbreviated items in full, those that are chosen.

    Its ``data`` is what the whole response contains, without private fields.
    """
    may_be_deep = not is_writable(page.data)
    entities, odd = readable(page.items, may_be_deep=may_be_deep)
    response = [row for row in page.data if is_writable(row)] if may_be_deep else page.data
    choice.private.apply([*response, *entities])

    failed_in_a_row = 0

    def read_private(link: Entity) -> Entity | None:
        nonlocal failed_in_a_row
        try:
            card = read(link)
        except MegaplanError as refusal:
            failed_in_a_row += isinstance(refusal, MegaplanServerError | MegaplanTransportError)
            if not concerns_one_answer(refusal) or failed_in_a_row > MOST_FAILED_CARDS:
                raise
            return refused_entity(link["id"], refusal)
        failed_in_a_row = 0
        if is_writable(card):
            choice.private.apply([card])
        return card

    whole, odd_cards = readable(whole_items(entities, response, wanted, read_private), may_be_deep=False)
    items = choice.among(whole)
    abbreviated = {(item["contentType"], str(item["id"])) for item in entities if len(item) == 2}
    return WholePage(
        items,
        response,
        page.pagination,
        page.server_time,
        page.trail,
        page.is_last,
        choice.private.odd([*page.odd, *odd, *odd_cards]),
        [
            place
            for place, item in enumerate(items)
            if abbreviated and (item["contentType"], str(item["id"])) in abbreviated
        ],
    )


def whole_items(
    items: Sequence[Entity],
    response: Sequence[Entity],
    wanted: Collection[str],
    read_card: Callable[[Entity], Entity | None],
) -> list[Entity]:
    """Return ``items`` with every bare link replaced by the entity it stands for.

    :param items: rows of the page
    :param response: everything in the response
    :param wanted: requested fields
    :param read_card: reads one entity by its link; returns None when it is gone
    """
    if all(len(item) > 2 for item in items):
        return list(items)
    printed = {(form["contentType"], form["id"]): form for form in full_forms(list(response))}
    allowed = {"contentType", "id", *wanted}
    for item in items:
        if len(item) > 2:
            allowed.update(item)
    whole = []
    for item in items:
        form: Entity | None = item
        if len(item) == 2:
            form = printed.get((item["contentType"], item["id"]))
            if form is None or not set(wanted) <= form.keys():
                form = read_card(item)
            if form is not None and "contentType" in form:
                form = {key: value for key, value in form.items() if key in allowed}
        if form is not None:
            whole.append(form)
    return whole

"""Reads pipelines (Megaplan's programs) with their stages (program states)."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from psycopg import Connection

from megaplan_hook.exceptions import MegaplanError, concerns_one_answer
from megaplan_hook.hook import MegaplanHook
from megaplan_hook.links import is_entity
from megaplan_hook.paging import ListPage
from megaplan_sync.raw.canonical import CanonicalPage, Entity, entity_id, full_forms, readable
from megaplan_sync.raw.entities import PIPELINES, RawEntity
from megaplan_sync.raw.full_read import FullRead
from megaplan_sync.raw.list_form import in_list_form
from megaplan_sync.raw.private_fields import PrivateFields

log = logging.getLogger(__name__)


def pages_of_pipelines(hook: MegaplanHook, connection: Connection[Any]) -> Iterator[ListPage]:
    """Yield pages whose items are ``{"pipeline", "is_active", "stages"}``, all in canonical form.

    A program has no flag for being active: the list contains inactive ones only on request (RAML r2510), so it
    is read both ways. The stages are in the order of the pipeline.
    """
    walk = FullRead(hook, connection, PIPELINES)
    active = {entity_id(item) for page in walk.pages() for item in page.items}
    for page in walk.pages(withInactivePrograms=True):
        items, odd = _items(hook, page.data, page.items)
        active_ones = [{**item, "is_active": entity_id(item["pipeline"]) in active} for item in items]
        yield replace(page, items=active_ones, odd=[*page.odd, *odd])


def _items(
    hook: MegaplanHook, response: Sequence[Entity], programs: Sequence[Entity]
) -> tuple[list[Entity], list[Any]]:
    """Return pipelines with their stages, and what cannot be stored of them."""
    items: list[Entity] = []
    odd: list[Any] = []
    for program in programs:
        try:
            stages, odd_stages = readable(_stages(hook, response, program))
        except MegaplanError as refusal:
            if not concerns_one_answer(refusal):
                raise
            log.warning("Pipeline %s of %s has no stages: %s", program["id"], hook.account, refusal)
            odd.append(program)
            continue
        odd += PrivateFields(hook.settings).odd(odd_stages)
        CanonicalPage().bring(stages)
        pipeline = {
            **program,
            "states": [{"contentType": stage["contentType"], "id": stage["id"]} for stage in stages],
        }
        CanonicalPage().bring([pipeline])
        items.append({"pipeline": pipeline, "stages": stages})
    return items, odd


def _stages(hook: MegaplanHook, response: Sequence[Entity], program: Entity) -> list[Entity]:
    """Return a program's complete states: from the list if it contains them, otherwise from their own route."""
    states = program.get("states")
    if isinstance(states, list):
        printed = {
            (form["contentType"], form["id"]): form
            for form in full_forms(response)
            if form["contentType"] == "ProgramState"
        }
        whole = [
            printed.get((state.get("contentType"), state.get("id"))) if is_entity(state) else None
            for state in states
        ]
        if whole and all(state is not None and "name" in state for state in whole):
            return [dict(state) for state in whole if state is not None]
    return list(hook.program_states(program["id"]))


def whole_pages(entity: RawEntity, hook: MegaplanHook, connection: Connection[Any]) -> Iterator[ListPage]:
    """Yield the pages of a list without change times, ready to be written."""
    if entity.reading == "pipelines":
        return pages_of_pipelines(hook, connection)
    return FullRead(hook, connection, entity.lists[0][0]).canonical_pages()


def items_of_cards(
    entity: RawEntity, hook: MegaplanHook, connection: Connection[Any], cards: Sequence[Entity]
) -> tuple[list[Entity], list[Any]]:
    """Return cards of a list without change times as items of its pages, and what cannot be stored of them."""
    found, odd = readable(FullRead(hook, connection, entity.lists[0][0]).as_in_the_list(cards))
    if entity.reading == "pipelines":
        items, odd_items = _items(hook, cards, found)
        return items, [*PrivateFields(hook.settings).odd(odd), *odd_items]
    CanonicalPage(cards).bring(found)
    formed = in_list_form(connection, hook.account, found)
    private = PrivateFields(hook.settings)
    private.leave_out(formed)  # the stored row may have what is left out now
    return formed, private.odd(odd)

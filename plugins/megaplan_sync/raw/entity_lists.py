"""Chooses the lists of an entity: one for all content types, or one for each."""

from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.raw.cursor_state import CursorState
from megaplan_sync.raw.entities import EntitySpec, RawEntity
from megaplan_sync.raw.entity_pages import EntityPages


def lists_of(entity: RawEntity, hook: MegaplanHook, connection: Connection[Any]) -> tuple[EntitySpec, ...]:
    """Return the lists to read: separate ones if configured or found necessary, otherwise the common one."""
    together = entity.lists[0]
    if len(entity.lists) == 1:
        return together
    apart = entity.lists[1]
    if hook.settings.vendor_quirks.contractor_list_route == "by_kind":
        return apart
    first_apart = CursorState.load(connection, hook.account, apart[0].name)
    mixed = CursorState.load(connection, hook.account, together[0].name)
    return apart if first_apart.loaded_at is not None and mixed.loaded_at is None else together


def pages_by_type(entity: RawEntity, lists: list[EntityPages]) -> dict[str, EntityPages]:
    """Return the list that contains each content type."""
    return {
        content_type: lists[min(place, len(lists) - 1)]
        for place, content_type in enumerate(entity.content_types)
    }

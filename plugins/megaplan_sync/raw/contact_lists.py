"""Which lists hold an account's contacts: one of people and companies, or one of each."""

from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.raw import entities
from megaplan_sync.raw.cursor_state import WalkState

BY_KIND = (entities.CONTACT_HUMANS, entities.CONTACT_COMPANIES)


def contact_lists(hook: MegaplanHook, connection: Connection[Any]) -> tuple[entities.EntitySpec, ...]:
    """Return the lists to read: apart by setting, or because that proved necessary, otherwise together."""
    if hook.settings.vendor_quirks.contractor_list_route == "by_kind":
        return BY_KIND
    humans = WalkState.load(connection, hook.account, entities.CONTACT_HUMANS.name)
    mixed = WalkState.load(connection, hook.account, entities.CONTACTS.name)
    apart = humans.loaded_at is not None and mixed.loaded_at is None
    return BY_KIND if apart else (entities.CONTACTS,)

"""The entities that have parts, as the reconciliation needs to know them: deals and contacts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.raw.contact_lists import contact_lists
from megaplan_sync.raw.entities import DEALS, EntitySpec
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.flatten import CONTACT_CONTENT_TYPES
from megaplan_sync.raw.page_writers import OwnerWriter, contacts_writer, deals_writer


@dataclass(frozen=True)
class Owners:
    """One such table.

    :param entity: table of the entities
    :param parts: table of their parts
    :param mark_parts: statement that marks the parts of deleted entities
    :param mark_orphans: statement that marks parts whose entity is not in the table
    :param lists: the lists of Megaplan that go into it
    :param writer: writes entities with their parts
    """

    entity: str
    parts: str
    mark_parts: str
    mark_orphans: str
    lists: Callable[[MegaplanHook, Connection[Any]], tuple[EntitySpec, ...]]
    writer: Callable[[MegaplanHook], OwnerWriter]


OWNERS = {
    "deals": Owners(
        "deals",
        "deal_positions",
        "mark_parts_of_deleted_deals",
        "mark_orphaned_deal_positions",
        lambda hook, connection: (DEALS,),
        lambda hook: deals_writer(),
    ),
    "contacts": Owners(
        "contacts",
        "contact_points",
        "mark_parts_of_deleted_contacts",
        "mark_orphaned_contact_points",
        contact_lists,
        lambda hook: contacts_writer(hook.settings.vendor_quirks.default_phone_region),
    ),
}


def pages_by_type(entity: str, lists: Sequence[EntityPages]) -> dict[str, EntityPages]:
    """Return by content type which of a table's lists it stands in: people and companies may be listed apart."""
    if entity == "deals":
        return {"Deal": lists[0]}
    return {
        content_type: lists[min(place, len(lists) - 1)]
        for place, content_type in enumerate(CONTACT_CONTENT_TYPES)
    }

"""Writes the entities of one page, with what hangs on them, within the caller's transaction."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from psycopg import Cursor

from megaplan_sync import tables
from megaplan_sync.canonical import Content, Entity, content
from megaplan_sync.flatten import (
    advertising_way_row,
    contact_point_rows,
    contact_row,
    contact_type_row,
    currency_row,
    deal_position_rows,
    deal_row,
    department_row,
    employee_row,
    entity_id,
)
from megaplan_sync.sql import read_sql
from megaplan_sync.tables import RawTable


class PageCounts(NamedTuple):
    """Entities of a page: read, newly inserted, updated; the rest was equal already."""

    read: int
    inserted: int
    updated: int


PageWriter = Callable[[Cursor[Any], str, Sequence[Entity]], PageCounts]


def write_deals(cursor: Cursor[Any], account: str, deals: Sequence[Entity]) -> PageCounts:
    """Write deals in canonical form together with their positions."""
    changed = _changed(cursor, account, deals, "select_unchanged_deals")
    written = tables.DEALS.write(cursor, (deal_row(account, deal, whole) for deal, whole in changed))
    positions = {row.id: row for deal, _ in changed for row in deal_position_rows(account, deal)}
    tables.DEAL_POSITIONS.write(cursor, positions.values())
    _mark_removed(cursor, "mark_removed_deal_positions", account, "deal_ids", changed)
    return PageCounts(len(deals), *written)


def contacts_writer(phone_region: str) -> PageWriter:
    """Return the writer of contacts; national phone numbers are read as those of ``phone_region``."""

    def write_contacts(cursor: Cursor[Any], account: str, contacts: Sequence[Entity]) -> PageCounts:
        changed = _changed(cursor, account, contacts, "select_unchanged_contacts")
        written = tables.CONTACTS.write(
            cursor, (contact_row(account, contact, whole) for contact, whole in changed)
        )
        tables.CONTACT_POINTS.write(
            cursor,
            (row for contact, _ in changed for row in contact_point_rows(account, contact, phone_region)),
        )
        _mark_removed(cursor, "mark_removed_contact_points", account, "contact_ids", changed)
        return PageCounts(len(contacts), *written)

    return write_contacts


def directory_writer(
    table: RawTable, row_of: Callable[[str, Entity, Content], tuple[Any, ...]]
) -> PageWriter:
    """Return the writer of a list whose entities are one row each."""

    def write(cursor: Cursor[Any], account: str, entities: Sequence[Entity]) -> PageCounts:
        rows = {entity["id"]: row_of(account, entity, content(entity)) for entity in entities}
        return PageCounts(len(entities), *table.write(cursor, rows.values()))

    return write


DIRECTORY_WRITERS: dict[str, PageWriter] = {
    "currencies": directory_writer(tables.CURRENCIES, currency_row),
    "departments": directory_writer(tables.DEPARTMENTS, department_row),
    "advertising_ways": directory_writer(tables.ADVERTISING_WAYS, advertising_way_row),
    "contact_types": directory_writer(tables.CONTACT_TYPES, contact_type_row),
    "employees": directory_writer(tables.EMPLOYEES, employee_row),
}


def _changed(
    cursor: Cursor[Any], account: str, entities: Sequence[Entity], unchanged_statement: str
) -> list[tuple[Entity, Content]]:
    """Leave out what stands in the table with the same content already."""
    wholes = [content(entity) for entity in entities]
    ids = [entity_id(entity) for entity in entities]
    cursor.execute(
        read_sql(unchanged_statement),
        {"account": account, "ids": ids, "hashes": [whole.content_hash for whole in wholes]},
    )
    unchanged = {found for (found,) in cursor.fetchall()}
    latest = {
        found: (entity, whole)
        for found, entity, whole in zip(ids, entities, wholes, strict=True)
        if found not in unchanged
    }
    return list(latest.values())


def _mark_removed(
    cursor: Cursor[Any],
    statement: str,
    account: str,
    parameter: str,
    owners: Sequence[tuple[Entity, Content]],
) -> None:
    """Mark the parts that their owners, just staged whole, no longer hold."""
    if owners:
        ids = [entity_id(owner) for owner, _ in owners]
        cursor.execute(read_sql(statement), {"account": account, parameter: ids})

"""Writes the entities of one page, with what hangs on them, within the caller's transaction."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.errors import UniqueViolation

from megaplan_sync import tables
from megaplan_sync.canonical import Content, Entity
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
from megaplan_sync.tables import RawTable, Written


class WholeEntity(NamedTuple):
    """An entity in canonical form with its payload and hash."""

    entity: Entity
    content: Content


class PageCounts(NamedTuple):
    """Entities of a page: read, newly inserted, updated; the rest was equal already."""

    read: int
    inserted: int
    updated: int


PageWriter = Callable[[Connection[Any], str, Sequence[WholeEntity]], PageCounts]


def write_deals(connection: Connection[Any], account: str, deals: Sequence[WholeEntity]) -> PageCounts:
    """Write deals together with their positions."""
    new, changed = _new_and_changed(connection, account, deals, "select_known_deals")

    def rows(some: Sequence[WholeEntity]) -> list[list[tuple[Any, ...]]]:
        positions = {row.id: row for deal, _ in some for row in deal_position_rows(account, deal)}
        return [[deal_row(account, *deal) for deal in some], list(positions.values())]

    written, (_, positions) = _write(connection, (tables.DEALS, tables.DEAL_POSITIONS), rows, new, changed)
    if new or changed:
        connection.execute(
            read_sql("mark_removed_deal_positions"),
            {
                "account": account,
                "deal_ids": [entity_id(deal) for deal, _ in (*new, *changed)],
                "position_ids": [row[1] for row in positions],
            },
        )
    return PageCounts(len(deals), *written)


def contacts_writer(phone_region: str) -> PageWriter:
    """Return the writer of contacts; national phone numbers are read as those of ``phone_region``."""

    def write_contacts(
        connection: Connection[Any], account: str, contacts: Sequence[WholeEntity]
    ) -> PageCounts:
        new, changed = _new_and_changed(connection, account, contacts, "select_known_contacts")

        def rows(some: Sequence[WholeEntity]) -> list[list[tuple[Any, ...]]]:
            return [
                [contact_row(account, *contact) for contact in some],
                [row for contact, _ in some for row in contact_point_rows(account, contact, phone_region)],
            ]

        written, (_, points) = _write(
            connection, (tables.CONTACTS, tables.CONTACT_POINTS), rows, new, changed
        )
        if new or changed:
            connection.execute(
                read_sql("mark_removed_contact_points"),
                {
                    "account": account,
                    "contact_ids": [entity_id(contact) for contact, _ in (*new, *changed)],
                    "point_contact_ids": [row[1] for row in points],
                    "point_positions": [row[2] for row in points],
                },
            )
        return PageCounts(len(contacts), *written)

    return write_contacts


def directory_writer(
    table: RawTable, row_of: Callable[[str, Entity, Content], tuple[Any, ...]]
) -> PageWriter:
    """Return the writer of a list whose entities are one row each."""

    def write(connection: Connection[Any], account: str, entities: Sequence[WholeEntity]) -> PageCounts:
        rows = {whole.entity["id"]: row_of(account, *whole) for whole in entities}
        with connection.cursor() as cursor:
            return PageCounts(len(entities), *table.write(cursor, rows.values()))

    return write


DIRECTORY_WRITERS: dict[str, PageWriter] = {
    "currencies": directory_writer(tables.CURRENCIES, currency_row),
    "departments": directory_writer(tables.DEPARTMENTS, department_row),
    "advertising_ways": directory_writer(tables.ADVERTISING_WAYS, advertising_way_row),
    "contact_types": directory_writer(tables.CONTACT_TYPES, contact_type_row),
    "employees": directory_writer(tables.EMPLOYEES, employee_row),
}


def _new_and_changed(
    connection: Connection[Any], account: str, entities: Sequence[WholeEntity], known_statement: str
) -> tuple[list[WholeEntity], list[WholeEntity]]:
    """Sort out what is not in the table yet and what is there with other content."""
    latest = {entity_id(whole.entity): whole for whole in entities}
    hashes = [whole.content.content_hash for whole in latest.values()]
    rows = connection.execute(
        read_sql(known_statement), {"account": account, "ids": list(latest), "hashes": hashes}
    )
    known: dict[int, bool] = dict(rows.fetchall())
    new = [whole for identity, whole in latest.items() if identity not in known]
    changed = [whole for identity, whole in latest.items() if known.get(identity) is False]
    return new, changed


def _write(
    connection: Connection[Any],
    targets: Sequence[RawTable],
    rows_of: Callable[[Sequence[WholeEntity]], list[list[tuple[Any, ...]]]],
    new: Sequence[WholeEntity],
    changed: Sequence[WholeEntity],
) -> tuple[Written, list[list[tuple[Any, ...]]]]:
    """Append the rows of what is new, upsert those of what has changed; return the counts of the first table.

    Where something new turns out to be there already (a part that outlived its owner), all is upserted.
    """
    new_rows, changed_rows = rows_of(new), rows_of(changed)
    try:
        with connection.transaction(), connection.cursor() as cursor:
            for table, rows in zip(targets, new_rows, strict=True):
                table.append(cursor, rows)
        inserted = len(new)
    except UniqueViolation:
        changed_rows = [[*some, *more] for some, more in zip(new_rows, changed_rows, strict=True)]
        inserted = 0
    with connection.cursor() as cursor:
        written = [table.write(cursor, rows) for table, rows in zip(targets, changed_rows, strict=True)]
    every_row = [[*some, *more] for some, more in zip(new_rows, changed_rows, strict=True)]
    return Written(inserted + written[0].inserted, written[0].updated), every_row

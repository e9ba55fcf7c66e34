"""Writes the entities of one page, with what hangs on them, within the caller's transaction."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from psycopg import Connection
from psycopg.errors import UniqueViolation

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
)
from megaplan_sync.rows import ContactPointRow, ContactRow, DealPositionRow, DealRow
from megaplan_sync.sql import read_sql
from megaplan_sync.tables import RawTable, Written

Row = tuple[Any, ...]


class PageCounts(NamedTuple):
    """Entities of a page: read, newly inserted, updated; the rest was equal already."""

    read: int
    inserted: int
    updated: int


class RowWithParts(NamedTuple):
    """The row of an entity, and the rows of what hangs on it."""

    row: DealRow | ContactRow
    parts: Sequence[DealPositionRow | ContactPointRow]


PageWriter = Callable[[Connection[Any], str, Sequence[Entity]], PageCounts]
"""Writes entities in canonical form of one account, within the caller's transaction."""


@dataclass
class OwnerWriter:
    """Writes entities that have parts: deals with positions, contacts with contact details.

    :param owners: table of the entities
    :param parts: table of their parts
    :param rows_of: flattens an entity
    :param known: statement that tells which ids stand in the table, and whether with the same hash
    :param mark_removed: marks the parts that their owners no longer hold
    :param expects_only_new: copy rows without looking first, until one turns out to be there already
    """

    owners: RawTable
    parts: RawTable
    rows_of: Callable[[str, Entity], RowWithParts]
    known: str
    mark_removed: Callable[[Connection[Any], str, Sequence[RowWithParts]], None]
    expects_only_new: bool = False

    def __call__(self, connection: Connection[Any], account: str, entities: Sequence[Entity]) -> PageCounts:
        """Write one page."""
        found = (self.rows_of(account, entity) for entity in entities)
        if self.expects_only_new and self._append(connection, found):
            return PageCounts(len(entities), len(entities), 0)
        self.expects_only_new = False
        return PageCounts(len(entities), *self._sort_out(connection, account, entities))

    def _sort_out(self, connection: Connection[Any], account: str, entities: Sequence[Entity]) -> Written:
        latest = {found.row.id: found for entity in entities for found in [self.rows_of(account, entity)]}
        hashes = [found.row.content_hash for found in latest.values()]
        known: dict[int, bool] = dict(
            connection.execute(
                read_sql(self.known), {"account": account, "ids": list(latest), "hashes": hashes}
            ).fetchall()
        )
        new = [found for identity, found in latest.items() if identity not in known]
        changed = [found for identity, found in latest.items() if known.get(identity) is False]
        if not new and not changed:
            return Written(0, 0)
        inserted = len(new)
        if not self._append(connection, new):
            changed, inserted = [*new, *changed], 0
        with connection.cursor() as cursor:
            written = self.owners.write(cursor, [found.row for found in changed])
            self.parts.write(cursor, _each_once([found.parts for found in changed]))
        self.mark_removed(connection, account, [*new, *changed])
        return Written(inserted + written.inserted, written.updated)

    def _append(self, connection: Connection[Any], some: Iterable[RowWithParts]) -> bool:
        """Copy rows straight into the tables, unless one of them is there already (or outlived its owner).

        They are made while they are sent, so that Postgres takes in one while the next is being made.
        """
        parts: list[Sequence[DealPositionRow | ContactPointRow]] = []

        def rows() -> Iterator[Row]:
            for found in some:
                parts.append(found.parts)
                yield found.row

        try:
            with connection.transaction(), connection.cursor() as cursor:
                self.owners.append(cursor, rows())
                self.parts.append(cursor, _each_once(parts))
        except UniqueViolation:
            return False
        return True


def deals_writer() -> OwnerWriter:
    """Return the writer of deals."""
    return OwnerWriter(
        tables.DEALS,
        tables.DEAL_POSITIONS,
        lambda account, deal: RowWithParts(
            deal_row(account, deal, content(deal)), list(deal_position_rows(account, deal))
        ),
        "select_known_deals",
        _mark_removed_positions,
    )


def contacts_writer(phone_region: str) -> OwnerWriter:
    """Return the writer of contacts; national phone numbers are read as those of ``phone_region``."""
    return OwnerWriter(
        tables.CONTACTS,
        tables.CONTACT_POINTS,
        lambda account, contact: RowWithParts(
            contact_row(account, contact, content(contact)),
            list(contact_point_rows(account, contact, phone_region)),
        ),
        "select_known_contacts",
        _mark_removed_contact_points,
    )


def directory_writer(table: RawTable, row_of: Callable[[str, Entity, Content], Row]) -> PageWriter:
    """Return the writer of a list whose entities are one row each."""

    def write(connection: Connection[Any], account: str, entities: Sequence[Entity]) -> PageCounts:
        rows = {entity["id"]: row_of(account, entity, content(entity)) for entity in entities}
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


def _each_once(parts: Iterable[Sequence[DealPositionRow | ContactPointRow]]) -> list[Row]:
    """Return all rows of parts, each once: one that moved between owners meanwhile may come with both."""
    every = [row for some in parts for row in some]
    if every and isinstance(every[0], DealPositionRow):
        return list({row[1]: row for row in every}.values())
    return list(every)


def _mark_removed_positions(
    connection: Connection[Any], account: str, owners: Sequence[RowWithParts]
) -> None:
    connection.execute(
        read_sql("mark_removed_deal_positions"),
        {
            "account": account,
            "deal_ids": [found.row.id for found in owners],
            "position_ids": [part[1] for found in owners for part in found.parts],
        },
    )


def _mark_removed_contact_points(
    connection: Connection[Any], account: str, owners: Sequence[RowWithParts]
) -> None:
    connection.execute(
        read_sql("mark_removed_contact_points"),
        {
            "account": account,
            "contact_ids": [found.row.id for found in owners],
            "point_contact_ids": [part[1] for found in owners for part in found.parts],
            "point_positions": [part[2] for found in owners for part in found.parts],
        },
    )

"""Writes the entities of one page, with what hangs on them, within the caller's transaction."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from psycopg import Connection
from psycopg.errors import UniqueViolation

from megaplan_sync.kernel.findings import RowKey
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw import tables
from megaplan_sync.raw.canonical import Content, Entity, content
from megaplan_sync.raw.flatten import (
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
from megaplan_sync.raw.history.deal_versions import DealHistory
from megaplan_sync.raw.rows import ContactPointRow, ContactRow, DealPositionRow, DealRow
from megaplan_sync.raw.tables import RawTable, Written

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


class OwnersWritten(NamedTuple):
    """Which rows a page changed: of the entities, of their parts, and parts marked as gone."""

    owners: Written
    parts: Written
    removed_parts: Sequence[RowKey] = ()


class History(Protocol):
    """Keeps what is about to be overwritten. Both methods run within the page's transaction."""

    def before(self, connection: Connection[Any], account: str, changing: Sequence[int]) -> None:
        """Take note of rows that stand in the table and may be overwritten."""

    def after(self, connection: Connection[Any], account: str, written: Sequence[int]) -> None:
        """Take note of rows as they are now; some of them may be equal to what they were."""


@dataclass
class OwnerWriter:
    """Writes entities that have parts: deals with positions, contacts with contact details.

    :param owners: table of the entities
    :param parts: table of their parts
    :param rows_of: flattens an entity
    :param known: statement that tells which ids stand in the table, and whether with the same hash
    :param mark_removed: marks the parts that their owners no longer hold, returns which
    :param history: keeps earlier versions
    :param expects_only_new: copy rows without looking first, until one turns out to be there already
    """

    owners: RawTable
    parts: RawTable
    rows_of: Callable[[str, Entity], RowWithParts]
    known: str
    mark_removed: Callable[[Connection[Any], str, Sequence[RowWithParts]], list[RowKey]]
    history: History | None = None
    expects_only_new: bool = False

    def __call__(self, connection: Connection[Any], account: str, entities: Sequence[Entity]) -> PageCounts:
        """Write one page."""
        written = self.write(connection, account, entities)
        return PageCounts(len(entities), *written.owners.counts())

    def write(
        self,
        connection: Connection[Any],
        account: str,
        entities: Sequence[Entity],
        *,
        distrusted: Container[int] = frozenset(),
    ) -> OwnersWritten:
        """Write one page and tell which rows were changed.

        :param distrusted: ids of which all columns are compared, their parts' too, so that rows changed by hand
            are written anew; others are left out where the table has the same hash already
        """
        found = (self.rows_of(account, entity) for entity in entities)
        if self.expects_only_new and (appended := self._append(connection, account, found)) is not None:
            return appended
        self.expects_only_new = False
        return self._sort_out(connection, account, entities, distrusted)

    def _sort_out(
        self,
        connection: Connection[Any],
        account: str,
        entities: Sequence[Entity],
        distrusted: Container[int],
    ) -> OwnersWritten:
        latest = {found.row.id: found for entity in entities for found in [self.rows_of(account, entity)]}
        hashes = [found.row.content_hash for found in latest.values()]
        known: dict[int, bool] = dict(
            connection.execute(
                read_sql(self.known), {"account": account, "ids": list(latest), "hashes": hashes}
            ).fetchall()
        )
        new = [found for identity, found in latest.items() if identity not in known]
        changed = [
            found
            for identity, found in latest.items()
            if identity in known and (identity in distrusted or not known[identity])
        ]
        if not new and not changed:
            return OwnersWritten(Written(), Written())
        appended = self._append(connection, account, new)
        if appended is None:
            appended, changed = OwnersWritten(Written(), Written()), [*new, *changed]
        ids = [found.row.id for found in changed]
        if self.history is not None:
            self.history.before(connection, account, ids)
        with connection.cursor() as cursor:
            owners = self.owners.write(cursor, [found.row for found in changed])
            parts = self.parts.write(cursor, _each_once([found.parts for found in changed]))
        removed = self.mark_removed(connection, account, [*new, *changed])
        if self.history is not None:
            self.history.after(connection, account, ids)
        return OwnersWritten(
            Written([*appended.owners.inserted, *owners.inserted], owners.updated),
            Written([*appended.parts.inserted, *parts.inserted], parts.updated),
            removed,
        )

    def _append(
        self, connection: Connection[Any], account: str, some: Iterable[RowWithParts]
    ) -> OwnersWritten | None:
        """Copy rows straight into the tables, unless one of them is there already (or outlived its owner).

        They are made while they are sent, so that Postgres takes in one while the next is being made.

        :returns: None if nothing was written
        """
        owners: list[RowKey] = []
        parts: list[Sequence[DealPositionRow | ContactPointRow]] = []

        def rows() -> Iterator[Row]:
            for found in some:
                owners.append(RowKey(found.row.id))
                parts.append(found.parts)
                yield found.row

        try:
            with connection.transaction(), connection.cursor() as cursor:
                self.owners.append(cursor, rows())
                part_rows = _each_once(parts)
                self.parts.append(cursor, part_rows)
                if self.history is not None and owners:
                    self.history.after(connection, account, [key.id for key in owners])
        except UniqueViolation:
            return None
        return OwnersWritten(Written(owners), Written([_part_key(row) for row in part_rows]))


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
        history=DealHistory(),
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


@dataclass(frozen=True)
class DirectoryWriter:
    """Writes entities of a list whose entities are one row each."""

    table: RawTable
    row_of: Callable[[str, Entity, Content], Row]

    def __call__(self, connection: Connection[Any], account: str, entities: Sequence[Entity]) -> PageCounts:
        """Write one page."""
        return PageCounts(len(entities), *self.write(connection, account, entities).counts())

    def write(self, connection: Connection[Any], account: str, entities: Sequence[Entity]) -> Written:
        """Write one page and tell which rows were changed."""
        rows = {entity["id"]: self.row_of(account, entity, content(entity)) for entity in entities}
        with connection.cursor() as cursor:
            return self.table.write(cursor, rows.values())


DIRECTORY_WRITERS = {
    "currencies": DirectoryWriter(tables.CURRENCIES, currency_row),
    "departments": DirectoryWriter(tables.DEPARTMENTS, department_row),
    "advertising_ways": DirectoryWriter(tables.ADVERTISING_WAYS, advertising_way_row),
    "contact_types": DirectoryWriter(tables.CONTACT_TYPES, contact_type_row),
    "employees": DirectoryWriter(tables.EMPLOYEES, employee_row),
}


def _each_once(parts: Iterable[Sequence[DealPositionRow | ContactPointRow]]) -> list[Row]:
    """Return all rows of parts, each once: one that moved between owners meanwhile may come with both."""
    every = [row for some in parts for row in some]
    if every and isinstance(every[0], DealPositionRow):
        return list({row[1]: row for row in every}.values())
    return list(every)


def _part_key(row: Row) -> RowKey:
    return RowKey(row[1], row[2]) if isinstance(row, ContactPointRow) else RowKey(row[1])


def _mark_removed_positions(
    connection: Connection[Any], account: str, owners: Sequence[RowWithParts]
) -> list[RowKey]:
    marked = connection.execute(
        read_sql("mark_removed_deal_positions"),
        {
            "account": account,
            "deal_ids": [found.row.id for found in owners],
            "position_ids": [part[1] for found in owners for part in found.parts],
        },
    )
    return [RowKey(*row) for row in marked.fetchall()]


def _mark_removed_contact_points(
    connection: Connection[Any], account: str, owners: Sequence[RowWithParts]
) -> list[RowKey]:
    marked = connection.execute(
        read_sql("mark_removed_contact_points"),
        {
            "account": account,
            "contact_ids": [found.row.id for found in owners],
            "point_contact_ids": [part[1] for found in owners for part in found.parts],
            "point_positions": [part[2] for found in owners for part in found.parts],
        },
    )
    return [RowKey(*row) for row in marked.fetchall()]

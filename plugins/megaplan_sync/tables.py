"""Writes rows into one raw table: new ones by COPY, others by COPY into a staging table and one upsert."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from psycopg import Connection, Cursor

from megaplan_sync.sql import read_sql


class Written(NamedTuple):
    """How many rows an upsert wrote; rows that were equal already are in neither number."""

    inserted: int
    updated: int


@dataclass(frozen=True)
class RawTable:
    """A table of ``megaplan_raw``, its rows and its statements.

    ``stage_<name>.sql`` and ``upsert_<name>.sql`` are there for every table, ``append_<name>.sql`` for large ones.
    """

    name: str

    def append(self, cursor: Cursor[Any], rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert rows that are not there yet, within the caller's transaction.

        :raises psycopg.errors.UniqueViolation: one of them is there
        """
        _copy(cursor, read_sql(f"append_{self.name}"), rows)

    def write(self, cursor: Cursor[Any], rows: Iterable[tuple[Any, ...]]) -> Written:
        """Insert or update rows, once in a transaction: the staging table is emptied by its commit."""
        if not _copy(cursor, read_sql(f"stage_{self.name}"), rows):
            return Written(0, 0)
        cursor.execute(read_sql(f"upsert_{self.name}"))
        news = [is_new for (is_new,) in cursor.fetchall()]
        inserted = sum(news)
        return Written(inserted, len(news) - inserted)


def _copy(cursor: Cursor[Any], statement: str, rows: Iterable[tuple[Any, ...]]) -> bool:
    """Copy rows and tell whether there were any."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return False
    with cursor.copy(statement) as copy:
        copy.write_row(first)
        for row in rows:
            copy.write_row(row)
    return True


CURRENCIES = RawTable("currencies")
DEPARTMENTS = RawTable("departments")
ADVERTISING_WAYS = RawTable("advertising_ways")
CONTACT_TYPES = RawTable("contact_types")
EMPLOYEES = RawTable("employees")
PIPELINES = RawTable("pipelines")
PIPELINE_STAGES = RawTable("pipeline_stages")
CONTACTS = RawTable("contacts")
CONTACT_POINTS = RawTable("contact_points")
DEALS = RawTable("deals")
DEAL_POSITIONS = RawTable("deal_positions")

ALL_TABLES = (
    CURRENCIES,
    DEPARTMENTS,
    ADVERTISING_WAYS,
    CONTACT_TYPES,
    EMPLOYEES,
    PIPELINES,
    PIPELINE_STAGES,
    CONTACTS,
    CONTACT_POINTS,
    DEALS,
    DEAL_POSITIONS,
)


def create_staging_tables(connection: Connection[Any]) -> None:
    """Give this session its staging tables, which every commit empties."""
    with connection.transaction():
        connection.execute(read_sql("create_staging_tables"))

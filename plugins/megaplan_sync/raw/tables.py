"""Writes rows into one raw table: new ones by COPY, others by COPY into a staging table and one upsert."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from psycopg import Cursor

from megaplan_sync.kernel.findings import RowKey
from megaplan_sync.kernel.sql import read_sql


class Written(NamedTuple):
    """Which rows an upsert wrote; rows that were equal already are in neither list."""

    inserted: Sequence[RowKey] = ()
    updated: Sequence[RowKey] = ()

    def counts(self) -> tuple[int, int]:
        """Return how many were inserted and updated."""
        return len(self.inserted), len(self.updated)


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

    def stage(self, cursor: Cursor[Any], rows: Iterable[tuple[Any, ...]]) -> None:
        """Copy rows into the staging table, which is emptied by the end of the transaction."""
        _have_staging_tables(cursor)
        _copy(cursor, read_sql(f"stage_{self.name}"), rows)

    def write(self, cursor: Cursor[Any], rows: Iterable[tuple[Any, ...]]) -> Written:
        """Insert or update rows, once in a transaction: the staging table is emptied by its commit."""
        rows = list(rows)
        if not rows:
            return Written()
        self.stage(cursor, rows)
        cursor.execute(read_sql(f"upsert_{self.name}"))
        inserted: list[RowKey] = []
        updated: list[RowKey] = []
        for is_new, identity, part in cursor.fetchall():
            (inserted if is_new else updated).append(RowKey(identity, part))
        return Written(inserted, updated)


def _copy(cursor: Cursor[Any], statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _have_staging_tables(cursor: Cursor[Any]) -> None:
    """Give the session its staging tables when it first needs them: most runs find nothing to change."""
    cursor.execute(read_sql("find_staging_tables"))
    if cursor.fetchone() == (False,):
        cursor.execute(read_sql("create_staging_tables"))


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

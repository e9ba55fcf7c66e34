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

    :param stage_rows: statement that copies rows into the staging table
    :param upsert_rows: statement that merges them into the table, where rows are written that way
    :param append_rows: statement that copies new rows straight into the table; large tables have one
    """

    name: str
    stage_rows: str
    upsert_rows: str | None = None
    append_rows: str | None = None

    def append(self, cursor: Cursor[Any], rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert rows that are not there yet, within the caller's transaction.

        :raises psycopg.errors.UniqueViolation: one of them is there
        """
        _copy(cursor, read_sql(_named(self.append_rows)), rows)

    def stage(self, cursor: Cursor[Any], rows: Iterable[tuple[Any, ...]]) -> None:
        """Copy rows into the staging table, which is emptied by the end of the transaction."""
        _have_staging_tables(cursor)
        _copy(cursor, read_sql(self.stage_rows), rows)

    def write(self, cursor: Cursor[Any], rows: Iterable[tuple[Any, ...]]) -> Written:
        """Insert or update rows, once in a transaction: the staging table is emptied by its commit."""
        rows = list(rows)
        if not rows:
            return Written()
        self.stage(cursor, rows)
        cursor.execute(read_sql(_named(self.upsert_rows)))
        inserted: list[RowKey] = []
        updated: list[RowKey] = []
        for is_new, identity, part in cursor.fetchall():
            (inserted if is_new else updated).append(RowKey(identity, part))
        return Written(inserted, updated)


def _named(statement: str | None) -> str:
    if statement is None:
        raise LookupError("this table has no such statement")
    return statement


def _copy(cursor: Cursor[Any], statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def _have_staging_tables(cursor: Cursor[Any]) -> None:
    """Give the session its staging tables when it first needs them: most runs find nothing to change."""
    cursor.execute(read_sql("find_staging_tables"))
    if cursor.fetchone() == (False,):
        cursor.execute(read_sql("create_staging_tables"))


CURRENCIES = RawTable("currencies", "stage_currencies", "upsert_currencies")
DEPARTMENTS = RawTable("departments", "stage_departments", "upsert_departments")
ADVERTISING_WAYS = RawTable("advertising_ways", "stage_advertising_ways", "upsert_advertising_ways")
CONTACT_TYPES = RawTable("contact_types", "stage_contact_types", "upsert_contact_types")
EMPLOYEES = RawTable("employees", "stage_employees", "upsert_employees")
PIPELINES = RawTable("pipelines", "stage_pipelines", "upsert_pipelines")
PIPELINE_STAGES = RawTable("pipeline_stages", "stage_pipeline_stages", "upsert_pipeline_stages")
CONTACTS = RawTable("contacts", "stage_contacts", "upsert_contacts", "append_contacts")
CONTACT_POINTS = RawTable(
    "contact_points", "stage_contact_points", "upsert_contact_points", "append_contact_points"
)
DEALS = RawTable("deals", "stage_deals", "upsert_deals", "append_deals")
DEAL_POSITIONS = RawTable(
    "deal_positions", "stage_deal_positions", "upsert_deal_positions", "append_deal_positions"
)

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

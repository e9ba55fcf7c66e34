"""Writes rows into one raw table: COPY into a staging table, then one set-based upsert."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from psycopg import Connection, Cursor

from megaplan_sync.copy_format import copy_text
from megaplan_sync.sql import read_sql


class Written(NamedTuple):
    """How many rows an upsert wrote; rows that were equal already are in neither number."""

    inserted: int
    updated: int


@dataclass(frozen=True)
class RawTable:
    """A table of ``megaplan_raw`` and its statements: ``copy_<name>.sql`` and ``upsert_<name>.sql``."""

    name: str

    def write(self, cursor: Cursor[Any], rows: Iterable[tuple[Any, ...]]) -> Written:
        """Upsert ``rows`` within the caller's transaction.

        The staging table keeps the rows until commit, so that the caller can compare against them.
        """
        lines = copy_text(rows)
        if not lines:
            return Written(0, 0)
        with cursor.copy(read_sql(f"copy_{self.name}")) as copy:
            copy.write(lines)
        cursor.execute(read_sql(f"upsert_{self.name}"))
        news = [is_new for (is_new,) in cursor.fetchall()]
        inserted = sum(news)
        return Written(inserted, len(news) - inserted)


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

"""The DDL of the raw tables, which is also their data dictionary."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from psycopg.sql import SQL, Composed, Identifier, Literal

from megaplan_sync.kernel.sql import read_sql

READERS = ("create_readers", "create_deal_position_reader", "create_contact_point_reader")
"""Statements that create the functions which convert payloads to columns and child rows."""
TABLES = (
    *("create_deal_tables", "create_deal_position_table"),
    *("create_contact_tables", "create_contact_point_table"),
    "create_directory_tables",
)
"""Statements that create the raw tables, in reading order."""
FUNCTIONS = ("create_rederive_functions", "create_deal_position_functions", "create_contact_point_functions")
"""Statements that create the functions which find what the payloads do not give."""

_TABLE = re.compile(r"^CREATE TABLE IF NOT EXISTS megaplan_raw\.(\w+) \(\n(.*?)^\)", re.MULTILINE | re.DOTALL)
_COLUMN = re.compile(r"^  (\w+) +(\w+(?:\[\])?)( .*?)?, -- (.*)$", re.MULTILINE)
_MADE = re.compile(r"^((?:CREATE|COMMENT).*? )megaplan_raw\.", re.MULTILINE)


class Column(NamedTuple):
    """A column as the DDL describes it."""

    name: str
    type: str
    comment: str


def table_names() -> list[str]:
    """Return the names of the raw tables in the order of definition, without schema."""
    return list(_bodies())


def described_columns(table: str) -> list[Column]:
    """Return the columns of a raw table, or of the view over its past and current rows."""
    bodies = _bodies()
    shown = bodies.get(f"past_{table}")  # of a view
    return [
        Column(name, f"{kind}, not null" if "NOT NULL" in rest and shown is None else kind, comment)
        for name, kind, rest, comment in _COLUMN.findall(shown or bodies[table])
    ]


def column_comments() -> Iterator[Composed]:
    """Yield a COMMENT statement for each column, from its comment in the DDL."""
    tables = table_names()
    for table in (*tables, *(name.removeprefix("past_") for name in tables if name.startswith("past_"))):
        for column in described_columns(table):
            name = Identifier("megaplan_raw", table, column.name)
            yield SQL("COMMENT ON COLUMN {} IS {}").format(name, Literal(column.comment))


def tables_in(schema: str) -> Iterator[str]:
    """Yield statements that create the tables in another schema; they still use the functions of ``megaplan_raw``."""
    for statement in TABLES:
        yield _MADE.sub(rf"\g<1>{schema}.", read_sql(statement))


def _bodies() -> dict[str, str]:
    return dict(found for statement in TABLES for found in _TABLE.findall(read_sql(statement)))

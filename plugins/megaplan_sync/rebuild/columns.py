"""Which columns of a raw table are made of its payload."""

from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw import rows
from megaplan_sync.rebuild.exceptions import MissingColumnsError
from megaplan_sync.rebuild.version_row import DealVersionRow

FIELDS: dict[str, tuple[str, ...]] = {
    "currencies": rows.CurrencyRow._fields,
    "departments": rows.DepartmentRow._fields,
    "advertising_ways": rows.AdvertisingWayRow._fields,
    "contact_types": rows.ContactTypeRow._fields,
    "employees": rows.EmployeeRow._fields,
    "pipelines": rows.PipelineRow._fields,
    "pipeline_stages": rows.PipelineStageRow._fields,
    "contacts": rows.ContactRow._fields,
    "contact_points": rows.ContactPointRow._fields,
    "deals": rows.DealRow._fields,
    "deal_positions": rows.DealPositionRow._fields,
    "deal_versions": DealVersionRow._fields,
    "custom_fields": ("label", "type"),
}
"""Columns that the rows of each table have."""

_KEYS = {
    "contact_points": ("account", "contact_id", "position"),
    "deal_versions": ("account", "deal_id", "valid_from"),
}
_THE_SOURCE = ("payload", "content_hash")
NOT_IN_THE_PAYLOAD = {"pipelines": ("is_active",), "pipeline_stages": ("pipeline_id", "position")}
"""A program does not say whether it is active, nor a stage where it stands: that says its program."""


def keys(table: str) -> list[str]:
    """Return the columns of a table's key."""
    return list(_KEYS.get(table, ("account", "id")))


def typed_columns(table: str) -> list[str]:
    """Return the columns that are made of the row's own payload."""
    left_out = {*keys(table), *_THE_SOURCE, *NOT_IN_THE_PAYLOAD.get(table, ())}
    return [name for name in FIELDS[table] if name not in left_out]


def part_columns(table: str) -> list[str]:
    """Return the columns of a part, which are made of its owner's payload: all but the key."""
    return [name for name in FIELDS[table] if name not in keys(table)]


def require_columns(connection: Connection[Any]) -> None:
    """Check that there is every column that is to be rebuilt.

    :raises MissingColumnsError: some were dropped, or never added
    """
    wanted = [(table, column) for table, columns in FIELDS.items() for column in columns]
    tables, columns = zip(*wanted, strict=True)
    missing = connection.execute(
        read_sql("find_missing_columns"), {"tables": list(tables), "columns": list(columns)}
    ).fetchall()
    if missing:
        raise MissingColumnsError(missing)

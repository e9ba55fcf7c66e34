"""Creates the tables of schema ``uis``; never drops anything."""

from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.schemas import prepare_part_schema

UPLOAD_SCHEMA_VERSION = 1
"""Version of the tables that this code writes."""
UPLOAD_TABLES = tuple(
    f"uis.{name}" for name in ("schema_version", "directory_rows", "deals", "points", "upload_runs", "parked")
)


def prepare_upload_schema(connection: Connection[Any]) -> bool:
    """Create what is missing, in one transaction.

    :returns: whether anything had to be done
    :raises NewerSchemaError: the tables were made by a newer version of this package
    """
    return prepare_part_schema(connection, "upload", UPLOAD_TABLES, UPLOAD_SCHEMA_VERSION)

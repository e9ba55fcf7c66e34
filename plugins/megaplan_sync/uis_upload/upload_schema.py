"""Creates the tables of schema ``uis`` and refuses newer ones. Never drops anything."""

from typing import Any

from psycopg import Connection

from megaplan_sync.exceptions import NewerSchemaError
from megaplan_sync.sql import read_sql

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
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(read_sql("lock_schema"))
        cursor.execute(read_sql("find_tables"), {"names": list(UPLOAD_TABLES)})
        present = {name for (name,) in cursor.fetchall()}
        version = 0
        if "uis.schema_version" in present:
            cursor.execute(read_sql("select_upload_schema_version"))
            version = next((found for (found,) in cursor.fetchall()), 0)
        if version > UPLOAD_SCHEMA_VERSION:
            raise NewerSchemaError(version, UPLOAD_SCHEMA_VERSION)
        if version == UPLOAD_SCHEMA_VERSION and present == set(UPLOAD_TABLES):
            return False
        cursor.execute(read_sql("create_upload_tables"))
        cursor.execute(read_sql("save_upload_schema_version"), {"version": UPLOAD_SCHEMA_VERSION})
        return True

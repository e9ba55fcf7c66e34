"""Creates the tables of schema ``telephony`` and refuses newer ones. Never drops anything."""

from typing import Any

from psycopg import Connection

from megaplan_sync.exceptions import NewerSchemaError
from megaplan_sync.sql import read_sql

TELEPHONY_SCHEMA_VERSION = 5
"""Version of the tables that this code writes."""
TELEPHONY_TABLES = tuple(
    f"telephony.{name}"
    for name in (
        "schema_version",
        "users",
        "mismatches",
        "directories",
        "events",
        "calls",
        "call_deliveries",
        "cards",
        "learned",
        "commands",
        "forgotten_calls",
    )
)


def prepare_telephony_schema(connection: Connection[Any]) -> bool:
    """Create what is missing, in one transaction.

    :returns: whether anything had to be done
    :raises NewerSchemaError: the tables were made by a newer version of this package
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(read_sql("lock_schema"))
        cursor.execute(read_sql("find_tables"), {"names": list(TELEPHONY_TABLES)})
        present = {name for (name,) in cursor.fetchall()}
        version = 0
        if "telephony.schema_version" in present:
            cursor.execute(read_sql("select_telephony_schema_version"))
            version = next((found for (found,) in cursor.fetchall()), 0)
        if version > TELEPHONY_SCHEMA_VERSION:
            raise NewerSchemaError(version, TELEPHONY_SCHEMA_VERSION)
        if version == TELEPHONY_SCHEMA_VERSION and present == set(TELEPHONY_TABLES):
            return False
        cursor.execute(read_sql("create_telephony_tables"))
        cursor.execute(read_sql("save_telephony_schema_version"), {"version": TELEPHONY_SCHEMA_VERSION})
        return True

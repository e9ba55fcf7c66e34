"""Creates the tables of schema ``telephony``; never drops anything."""

from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.schemas import prepare_part_schema

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
    return prepare_part_schema(connection, "telephony", TELEPHONY_TABLES, TELEPHONY_SCHEMA_VERSION)

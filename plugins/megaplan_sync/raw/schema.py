"""Creates the tables and views, brings older ones up to date and refuses newer ones. Never drops anything."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection, Cursor

from megaplan_sync.kernel.exceptions import DatabaseEncodingError, MissingTablesError, NewerSchemaError
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.tables import ALL_TABLES

SCHEMA_VERSION = 2
"""Version of the tables that this code writes."""
_UPGRADES = {2: "upgrade_raw_tables_to_2"}
"""Statement that leads from the version before."""

_SYNC_TABLES = (
    "accounts",
    "walks",
    "refused_fields",
    "request_budgets",
    "entity_runs",
    "view_columns",
    "reconciliations",
    "findings",
    "sweeps",
    "swept_rows",
    "deletion_proposals",
    "proposed_rows",
    "token_users",
    "stage_backfills",
    "row_seals",
)
_FURTHER_RAW_TABLES = ("custom_fields", "deal_versions", "deal_stage_moves", "certificates")
EXPECTED_TABLES = (
    *(f"megaplan_raw.{table.name}" for table in ALL_TABLES),
    *(f"megaplan_raw.{name}" for name in _FURTHER_RAW_TABLES),
    *(f"megaplan_sync.{name}" for name in _SYNC_TABLES),
    "megaplan_sync.schema_version",
)
_EXPECTED_VIEWS = (
    "megaplan.deals",
    "megaplan.contacts",
    "megaplan.deal_positions",
    "megaplan.employees",
    "megaplan.pipeline_stages",
)


def require_raw_schema(connection: Connection[Any]) -> None:
    """Upgrade older tables, but make none that are missing.

    :raises MissingTablesError: the tables were never made, or some were dropped
    :raises NewerSchemaError: the tables were made by a newer version of this package
    """
    with connection.cursor() as cursor:
        present = _present(cursor, EXPECTED_TABLES)
        if "megaplan_sync.schema_version" not in present:
            raise MissingTablesError(["megaplan_sync.schema_version"])
        cursor.execute(read_sql("select_schema_version"))
        version = next((found for (found,) in cursor.fetchall()), 0)
    missing = [name for name in EXPECTED_TABLES if name not in present]
    if missing and version == SCHEMA_VERSION:
        raise MissingTablesError(missing)
    prepare_raw_schema(connection)


def prepare_raw_schema(connection: Connection[Any]) -> bool:
    """Create what is missing and upgrade what is old, in one transaction.

    :returns: whether anything had to be done
    :raises DatabaseEncodingError: the database cannot hold every letter
    :raises NewerSchemaError: the tables were made by a newer version of this package
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(read_sql("show_encoding"))
        encoding = (cursor.fetchone() or ("?",))[0]
        if encoding != "UTF8":
            raise DatabaseEncodingError(encoding)
        cursor.execute(read_sql("lock_schema"))
        wanted = [*EXPECTED_TABLES, *_EXPECTED_VIEWS]
        present = _present(cursor, wanted)
        version = 0
        if "megaplan_sync.schema_version" in present:
            cursor.execute(read_sql("select_schema_version"))
            version = next((found for (found,) in cursor.fetchall()), 0)
        if version > SCHEMA_VERSION:
            raise NewerSchemaError(version, SCHEMA_VERSION)
        if version == SCHEMA_VERSION and present == set(wanted):
            return False
        cursor.execute(read_sql("create_sync_tables"))
        cursor.execute(read_sql("create_raw_schema"))
        cursor.execute(read_sql("create_deal_tables"))
        cursor.execute(read_sql("create_contact_tables"))
        cursor.execute(read_sql("create_directory_tables"))
        cursor.execute(read_sql("create_reconciliation_functions"))
        cursor.execute(read_sql("create_seal_functions"))
        for step in range(max(version, 1) + 1, SCHEMA_VERSION + 1):
            cursor.execute(read_sql(_UPGRADES[step]))
        cursor.execute(read_sql("create_view_functions"))
        cursor.execute(read_sql("create_views"))
        cursor.execute(read_sql("create_refresh_deals_view"))
        cursor.execute(read_sql("refresh_deals_view"))
        cursor.execute(read_sql("save_schema_version"), {"version": SCHEMA_VERSION})
        return True


def _present(cursor: Cursor[Any], names: Sequence[str]) -> set[str]:
    cursor.execute(read_sql("find_tables"), {"names": list(names)})
    return {name for (name,) in cursor.fetchall()}

"""Creates the tables and views, upgrades older ones without data loss, and refuses newer ones."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection, Cursor
from psycopg.sql import SQL

from megaplan_sync.kernel.exceptions import (
    DatabaseEncodingError,
    MissingColumnsError,
    MissingTablesError,
    NewerSchemaError,
)
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.entities import ALL_ENTITIES, CHILD_TABLES
from megaplan_sync.raw.migrations import MIGRATIONS, migrated
from megaplan_sync.raw.table_definitions import (
    FUNCTIONS,
    READERS,
    TABLES,
    column_comments,
    described_columns,
    table_names,
)
from megaplan_sync.raw.table_replacement import fill_materialized_views
from megaplan_sync.raw.views import refresh_account_view

SCHEMA_VERSION = max(MIGRATIONS)
"""Version of the tables that this code writes."""

_SYNC_TABLES = (
    "accounts",
    "account_settings",
    "leases",
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
    "query_lengths",
    "stage_backfills",
    "lost_views",
    "calibrations",
    "examinations",
)
_FURTHER_RAW_TABLES = ("past_deal_versions", "past_deal_stage_moves", "unreadable_rows", "certificates")
EXPECTED_TABLES = (
    *(f"megaplan_raw.{name}" for name in (*ALL_ENTITIES, *CHILD_TABLES.values(), *_FURTHER_RAW_TABLES)),
    *(f"megaplan_sync.{name}" for name in _SYNC_TABLES),
    "megaplan_sync.schema_version",
)
EXPECTED_VIEWS = (
    "megaplan_sync.table_freshness",
    "megaplan_raw.deal_versions",
    "megaplan_raw.deal_stage_moves",
    "megaplan.custom_field_values",
    "megaplan.deals",
    "megaplan.contacts",
    "megaplan.deal_positions",
    "megaplan.employees",
    "megaplan.pipeline_stages",
)


def require_raw_schema(connection: Connection[Any]) -> None:
    """Upgrade older tables, but create none that are missing.

    :raises MissingTablesError: the tables were never created, or some were dropped
    :raises NewerSchemaError: the tables were created by a newer version of this package
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
    """Create missing tables and upgrade older ones, in one transaction.

    :returns: whether anything was created or upgraded
    :raises DatabaseEncodingError: the database cannot store every character
    :raises MissingColumnsError: somebody has dropped a column
    :raises NewerSchemaError: the tables were created by a newer version of this package
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(read_sql("show_encoding"))
        encoding = (cursor.fetchone() or ("?",))[0]
        if encoding != "UTF8":
            raise DatabaseEncodingError(encoding)
        cursor.execute(read_sql("lock_schema"))
        wanted = [*EXPECTED_TABLES, *EXPECTED_VIEWS]
        present = _present(cursor, wanted)
        version = 0
        if "megaplan_sync.schema_version" in present:
            cursor.execute(read_sql("select_schema_version"))
            version = next((found for (found,) in cursor.fetchall()), 0)
        if version > SCHEMA_VERSION:
            raise NewerSchemaError(version, SCHEMA_VERSION)
        if version == SCHEMA_VERSION:
            _require_columns(cursor)
            if present == set(wanted):
                return False
        for statement in READERS:
            cursor.execute(read_sql(statement))
        with migrated(connection, version):
            cursor.execute(read_sql("create_sync_tables"))
            cursor.execute(read_sql("create_calibration_table"))
            cursor.execute(read_sql("create_examination_table"))
            for statement in TABLES:
                cursor.execute(read_sql(statement))
            cursor.execute(read_sql("create_version_rule"))
            cursor.execute(read_sql("create_history_views"))
            cursor.execute(SQL("; ").join(column_comments()))
            for statement in FUNCTIONS:
                cursor.execute(read_sql(statement))
            cursor.execute(read_sql("create_reconciliation_functions"))
            cursor.execute(read_sql("create_view_functions"))
            cursor.execute(read_sql("create_views"))
        cursor.execute(read_sql("save_schema_version"), {"version": SCHEMA_VERSION})
    # not in the transaction: after an upgrade readers wait for its end
    fill_materialized_views(connection)
    for (account,) in connection.execute(read_sql("select_accounts")).fetchall():
        refresh_account_view(connection, account)
    return True


def _require_columns(cursor: Cursor[Any]) -> None:
    columns = [(table, column.name) for table in table_names() for column in described_columns(table)]
    tables, names = zip(*columns, strict=True)
    cursor.execute(read_sql("find_missing_columns"), {"tables": list(tables), "columns": list(names)})
    if missing := cursor.fetchall():
        raise MissingColumnsError(missing)


def _present(cursor: Cursor[Any], names: Sequence[str]) -> set[str]:
    cursor.execute(read_sql("find_tables"), {"names": list(names)})
    return {name for (name,) in cursor.fetchall()}

"""Creates and upgrades the schemas ``telephony``, ``uis`` and ``notices``; refuses newer ones, drops no data."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.exceptions import NewerSchemaError
from megaplan_sync.kernel.sql import read_sql

TELEPHONY_SCHEMA_VERSION = 12
"""Version of the tables of schema ``telephony`` that this code writes."""
_DELIVERIES = "telephony.call_deliveries"
_DELIVERIES_BY_STAGE = 8
"""Version in which the outbox got one row per call and stage."""
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
        "gateways",
        "live_queue",
        "call_delivery_states",
        "learned",
        "commands",
        "forgotten_calls",
    )
)
UPLOAD_SCHEMA_VERSION = 4
"""Version of the tables of schema ``uis`` that this code writes."""
UPLOAD_TABLES = tuple(
    f"uis.{name}"
    for name in ("schema_version", "directory_rows", "deals", "points", "upload_runs", "failed", "differing")
)
_UPLOAD_MIGRATIONS = {2: "migrate_uploads_to_2", 4: "migrate_uploads_to_4"}
"""Statements that turn tables of the version before into those of a version."""

NOTICE_SCHEMA_VERSION = 1
"""Version of the tables of schema ``notices`` that this code writes."""
NOTICE_TABLES = tuple(f"notices.{name}" for name in ("schema_version", "incidents", "messages"))


def prepare_telephony_schema(connection: Connection[Any]) -> bool:
    """Create or upgrade the schema ``telephony``, which includes the inbox, in one transaction.

    :returns: whether anything was missing or old
    :raises NewerSchemaError: the tables were created by a newer version of this package
    """
    return _prepare_schema(
        connection,
        TELEPHONY_TABLES,
        TELEPHONY_SCHEMA_VERSION,
        select_version="select_telephony_schema_version",
        create_tables="create_telephony_tables",
        save_version="save_telephony_schema_version",
    )


def prepare_upload_schema(connection: Connection[Any]) -> bool:
    """Create or upgrade the schema ``uis`` in one transaction.

    :returns: whether anything was missing or old
    :raises NewerSchemaError: the tables were created by a newer version of this package
    """
    return _prepare_schema(
        connection,
        UPLOAD_TABLES,
        UPLOAD_SCHEMA_VERSION,
        select_version="select_upload_schema_version",
        create_tables="create_upload_tables",
        save_version="save_upload_schema_version",
        migrations=_UPLOAD_MIGRATIONS,
    )


def prepare_notice_schema(connection: Connection[Any]) -> bool:
    """Create or upgrade the schema ``notices`` in one transaction.

    :returns: whether anything was missing or old
    :raises NewerSchemaError: the tables were created by a newer version of this package
    """
    return _prepare_schema(
        connection,
        NOTICE_TABLES,
        NOTICE_SCHEMA_VERSION,
        select_version="select_notice_schema_version",
        create_tables="create_notice_tables",
        save_version="save_notice_schema_version",
    )


def _prepare_schema(
    connection: Connection[Any],
    tables: Sequence[str],
    version: int,
    *,
    select_version: str,
    create_tables: str,
    save_version: str,
    migrations: Mapping[int, str] = MappingProxyType({}),
) -> bool:
    """Create what is missing, in one transaction.

    :param tables: all tables and views of this version, with their schema; the first one holds the version
    :param version: that this code writes
    :param migrations: executed before the tables are created, if they were written by an older version
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(read_sql("lock_schema"))
        cursor.execute(read_sql("find_tables"), {"names": list(tables)})
        present = {name for (name,) in cursor.fetchall()}
        found = 0
        if tables[0] in present:
            cursor.execute(read_sql(select_version))
            found = next((number for (number,) in cursor.fetchall()), 0)
        if found > version:
            raise NewerSchemaError(found, version, tables[0])
        if found == version and present == set(tables):
            return False
        is_migrated = _DELIVERIES in present and found < _DELIVERIES_BY_STAGE
        if is_migrated:
            cursor.execute(read_sql("create_definition_functions"))
            cursor.execute(read_sql("migrate_telephony_to_8"))
        for number, statement in migrations.items():
            if 0 < found < number:
                cursor.execute(read_sql(statement))
        cursor.execute(read_sql(create_tables))
        if is_migrated:
            cursor.execute(read_sql("restore_delivery_views"))
        cursor.execute(read_sql(save_version), {"version": version})
        return True

"""Schemas are created and upgraded automatically, without loss."""

from typing import Any

import pytest
from psycopg import Connection

from megaplan_sync.kernel.exceptions import NewerSchemaError
from megaplan_sync.kernel.schemas import (
    TELEPHONY_SCHEMA_VERSION,
    TELEPHONY_TABLES,
    prepare_telephony_schema,
)


def tables(database: Connection[Any]) -> set[str]:
    rows = database.execute("SELECT 'telephony.' || tablename FROM pg_tables WHERE schemaname = 'telephony'")
    return {name for (name,) in rows.fetchall()}


def test_everything_is_created_once(database: Connection[Any]) -> None:
    assert prepare_telephony_schema(database)
    assert tables(database) == set(TELEPHONY_TABLES)
    assert not prepare_telephony_schema(database)


def test_missing_tables_are_created_again(database: Connection[Any]) -> None:
    prepare_telephony_schema(database)
    database.execute("DROP TABLE telephony.mismatches")
    assert prepare_telephony_schema(database)
    assert tables(database) == set(TELEPHONY_TABLES)


def test_tables_of_a_newer_version_are_refused(database: Connection[Any]) -> None:
    prepare_telephony_schema(database)
    database.execute("UPDATE telephony.schema_version SET version = %s", (TELEPHONY_SCHEMA_VERSION + 1,))
    with pytest.raises(NewerSchemaError, match=r"^telephony\.schema_version says"):
        prepare_telephony_schema(database)

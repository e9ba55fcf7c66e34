"""The tables of telephony are created by themselves, and never destructively."""

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


def test_what_is_missing_is_made_again(database: Connection[Any]) -> None:
    prepare_telephony_schema(database)
    database.execute("DROP TABLE telephony.mismatches")
    assert prepare_telephony_schema(database)
    assert tables(database) == set(TELEPHONY_TABLES)


def test_an_upgrade_keeps_the_messages_of_version_5(database: Connection[Any]) -> None:
    prepare_telephony_schema(database)
    database.execute("ALTER TABLE telephony.mismatches RENAME COLUMN message TO told")
    database.execute("UPDATE telephony.schema_version SET version = 5")
    database.execute(
        "INSERT INTO telephony.mismatches (account, kind, told) VALUES ('acme', 'a kind', 'a message')"
    )
    assert prepare_telephony_schema(database)
    assert database.execute("SELECT kind, message FROM telephony.mismatches").fetchall() == [
        ("a kind", "a message")
    ]
    assert database.execute("SELECT version FROM telephony.schema_version").fetchone() == (6,)
    assert not prepare_telephony_schema(database)


def test_tables_of_a_newer_version_are_refused(database: Connection[Any]) -> None:
    prepare_telephony_schema(database)
    database.execute("UPDATE telephony.schema_version SET version = %s", (TELEPHONY_SCHEMA_VERSION + 1,))
    with pytest.raises(NewerSchemaError):
        prepare_telephony_schema(database)

"""The raw tables are created and upgraded by themselves, and never destructively."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, LiteralString

import psycopg
import pytest
from psycopg import Connection, sql

from megaplan_sync.kernel.exceptions import MissingColumnsError, NewerSchemaError
from megaplan_sync.raw.schema import EXPECTED_TABLES, EXPECTED_VIEWS, SCHEMA_VERSION, prepare_raw_schema

SCHEMAS = ["megaplan", "megaplan_raw", "megaplan_sync"]


def catalogue(database: Connection[Any]) -> dict[str, tuple[str, str]]:
    """Return every table and view with its kind and the transaction that last wrote its definition."""
    rows = database.execute(
        """SELECT nspname || '.' || relname, relkind::text, pg_class.xmin::text FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        WHERE nspname = ANY (%s) AND relkind IN ('r', 'v')""",
        (SCHEMAS,),
    ).fetchall()
    return {name: (kind, writer) for name, kind, writer in rows}


def test_everything_is_created_once(database: Connection[Any]) -> None:
    assert prepare_raw_schema(database)
    made = catalogue(database)
    assert {name for name, (kind, _) in made.items() if kind == "r"} == set(EXPECTED_TABLES)
    assert {name for name, (kind, _) in made.items() if kind == "v"} == set(EXPECTED_VIEWS)
    assert not prepare_raw_schema(database)
    assert catalogue(database) == made
    version = database.execute("SELECT version FROM megaplan_sync.schema_version").fetchall()
    assert version == [(SCHEMA_VERSION,)]


def test_two_at_a_time_create_once(database: Connection[Any], database_uri: str) -> None:
    def prepare() -> bool:
        with psycopg.connect(database_uri, autocommit=True) as connection:
            return prepare_raw_schema(connection)

    with ThreadPoolExecutor(4) as threads:
        done = [future.result() for future in [threads.submit(prepare) for _ in range(4)]]
    assert sorted(done) == [False, False, False, True]


@pytest.mark.parametrize(
    "column",
    [
        "deals.price",
        "deals.payload",
        "deal_positions.unit",
        "past_deal_versions.name",
        "currencies.deleted_at",
    ],
)
@pytest.mark.parametrize("missing_too", ["", "DROP TABLE megaplan_raw.contact_points CASCADE"])
def test_a_dropped_column_is_named_with_the_remedy(
    database: Connection[Any], column: str, missing_too: LiteralString
) -> None:
    prepare_raw_schema(database)
    table, name = column.split(".")
    database.execute(
        sql.SQL("ALTER TABLE megaplan_raw.{} DROP COLUMN {} CASCADE").format(
            *map(sql.Identifier, (table, name))
        )
    )
    database.execute(missing_too)
    with pytest.raises(
        MissingColumnsError, match=rf"megaplan_raw\.{column}.* does not exist: add it with ALTER TABLE"
    ):
        prepare_raw_schema(database)


@pytest.mark.parametrize("name", [*EXPECTED_TABLES, *EXPECTED_VIEWS])
def test_what_is_missing_is_made_again_and_the_rest_stays(database: Connection[Any], name: str) -> None:
    prepare_raw_schema(database)
    made = catalogue(database)
    kind = "TABLE" if name in EXPECTED_TABLES else "VIEW"
    kept = "megaplan_raw.currencies" if name != "megaplan_raw.currencies" else "megaplan_raw.departments"
    database.execute(
        sql.SQL(
            """INSERT INTO {} (account, payload, content_hash) VALUES ('a', '{{"id": "1"}}', '')"""
        ).format(sql.Identifier(*kept.split(".")))
    )
    database.execute(sql.SQL("DROP {} {} CASCADE").format(sql.SQL(kind), sql.Identifier(*name.split("."))))
    assert prepare_raw_schema(database)
    assert catalogue(database).keys() == made.keys()
    count = database.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(*kept.split("."))))
    assert count.fetchone() == (1,)
    assert not prepare_raw_schema(database)


def test_tables_of_a_newer_version_are_refused_and_left_alone(database: Connection[Any]) -> None:
    prepare_raw_schema(database)
    database.execute("UPDATE megaplan_sync.schema_version SET version = %s", (SCHEMA_VERSION + 1,))
    database.execute("DROP VIEW megaplan.employees")
    before = catalogue(database)
    with pytest.raises(
        NewerSchemaError, match=rf"schema_version says {SCHEMA_VERSION + 1}.*upgrade the package"
    ):
        prepare_raw_schema(database)
    assert catalogue(database) == before


def test_columns_and_indexes_added_by_people_stay(database: Connection[Any]) -> None:
    prepare_raw_schema(database)
    database.execute("ALTER TABLE megaplan_raw.deals ADD COLUMN note text")
    database.execute("CREATE INDEX their_index ON megaplan_raw.deals (note)")
    database.execute("DROP VIEW megaplan.employees")
    assert prepare_raw_schema(database)
    assert database.execute("SELECT to_regclass('megaplan_raw.their_index') IS NOT NULL").fetchone() == (
        True,
    )


def test_every_raw_table_and_column_has_a_comment(database: Connection[Any]) -> None:
    prepare_raw_schema(database)
    silent = database.execute(
        """SELECT nspname || '.' || relname || coalesce('.' || attname, '')
        FROM pg_class
        JOIN pg_namespace ON pg_namespace.oid = relnamespace
        LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
          AND nspname = 'megaplan_raw'
        WHERE nspname = ANY (%s) AND relkind IN ('r', 'v')
          AND (coalesce(col_description(attrelid, attnum), '') = '' AND attnum IS NOT NULL
            OR obj_description(pg_class.oid, 'pg_class') IS NULL)""",
        (SCHEMAS,),
    ).fetchall()
    assert silent == []
    (columns,) = database.execute(
        "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'megaplan_raw'"
    ).fetchone() or (0,)
    assert columns > 100

"""The raw tables are created and upgraded by themselves, and never destructively."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.exceptions import NewerSchemaError
from megaplan_sync.raw.schema import _EXPECTED_VIEWS, EXPECTED_TABLES, SCHEMA_VERSION, prepare_raw_schema
from tests.integration.conftest import DEALS

NEW_IN_VERSION_2 = (
    "megaplan_raw.deal_versions",
    "megaplan_raw.deal_stage_moves",
    "megaplan_raw.certificates",
    "megaplan_sync.reconciliations",
    "megaplan_sync.findings",
    "megaplan_sync.sweeps",
    "megaplan_sync.swept_rows",
    "megaplan_sync.proposed_rows",
    "megaplan_sync.deletion_proposals",
    "megaplan_sync.token_users",
    "megaplan_sync.stage_backfills",
    "megaplan_sync.row_seals",
)
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
    assert {name for name, (kind, _) in made.items() if kind == "v"} == set(_EXPECTED_VIEWS)
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


@pytest.mark.parametrize("name", [*EXPECTED_TABLES, *_EXPECTED_VIEWS])
def test_what_is_missing_is_made_again_and_the_rest_stays(database: Connection[Any], name: str) -> None:
    prepare_raw_schema(database)
    made = catalogue(database)
    kind = "TABLE" if name in EXPECTED_TABLES else "VIEW"
    kept = "megaplan_raw.currencies" if name != "megaplan_raw.currencies" else "megaplan_raw.departments"
    database.execute(
        sql.SQL("INSERT INTO {} (account, id, payload, content_hash) VALUES ('a', 1, '{{}}', '')").format(
            sql.Identifier(*kept.split("."))
        )
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


def make_tables_of_version_1(database: Connection[Any]) -> None:
    """Take away what version 2 has brought."""
    for name in NEW_IN_VERSION_2:
        database.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(*name.split("."))))
    database.execute("UPDATE megaplan_sync.schema_version SET version = 1")


def history_of_deals(database: Connection[Any]) -> list[list[tuple[Any, ...]]]:
    """Return all versions and moves but for when they were first seen here."""
    return [
        database.execute(
            sql.SQL(
                "SELECT to_jsonb(kept) - 'first_synced_at' FROM megaplan_raw.{} AS kept ORDER BY deal_id"
            ).format(sql.Identifier(table))
        ).fetchall()
        for table in ("deal_versions", "deal_stage_moves")
    ]


def test_version_1_is_upgraded_and_begins_the_history_with_what_it_holds(
    database: Connection[Any], sync: Callable[..., Any], megaplan: EmulatedMegaplan
) -> None:
    sync("custom_fields", "deals")
    expected, rows = history_of_deals(database), catalogue(database)["megaplan_raw.deals"]
    assert [len(table) for table in expected] == [DEALS, DEALS]
    make_tables_of_version_1(database)
    assert prepare_raw_schema(database)
    assert history_of_deals(database) == expected
    assert catalogue(database).keys() >= set(NEW_IN_VERSION_2)
    assert catalogue(database)["megaplan_raw.deals"] == rows, "the tables of version 1 are left alone"
    assert not prepare_raw_schema(database)
    megaplan.control("mutate", {"op": "move_stage", "id": 1001})
    sync("deals")
    assert [len(table) for table in history_of_deals(database)] == [DEALS + 1, DEALS + 1]


def test_an_upgrade_keeps_no_history_of_what_is_gone_and_takes_the_best_time_it_has(
    database: Connection[Any],
) -> None:
    prepare_raw_schema(database)
    make_tables_of_version_1(database)
    first, second, third = (datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3))
    rows = [  # id, created, stage changed, updated, stage, deleted
        (1, first, second, third, 5, None),
        (2, first, None, None, 5, None),
        (3, first, second, third, None, None),
        (4, first, second, third, 5, third),
        (5, None, None, None, 5, None),
    ]
    database.cursor().executemany(
        """INSERT INTO megaplan_raw.deals
          (account, id, created_at, state_changed_at, updated_at, state_id, deleted_at, payload, content_hash,
           first_synced_at)
        VALUES ('a', %s, %s, %s, %s, %s, %s, '{}', 'x', '2026-02-01+00')""",
        rows,
    )
    for _ in range(2):
        assert prepare_raw_schema(database)
        versions = database.execute(
            "SELECT deal_id, valid_from, valid_to FROM megaplan_raw.deal_versions ORDER BY deal_id"
        ).fetchall()
        seen = datetime(2026, 2, 1, tzinfo=UTC)
        assert versions == [(1, third, None), (2, first, None), (3, third, None), (5, seen, None)]
        moves = database.execute(
            """SELECT deal_id, moved_at, from_state_id, to_state_id, source
            FROM megaplan_raw.deal_stage_moves ORDER BY deal_id"""
        ).fetchall()
        assert moves == [
            (1, second, None, 5, "versions"),
            (2, first, None, 5, "versions"),
            (5, seen, None, 5, "versions"),
        ]
        database.execute("UPDATE megaplan_sync.schema_version SET version = 1")  # and the upgrade runs again


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

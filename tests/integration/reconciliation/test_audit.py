"""The audit inside of Postgres: readers that were changed, edits after a proven night, and what it costs."""

from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.entities import ENTITIES
from tests.integration import truth
from tests.integration.reconciliation.conftest import Reconcile
from tests.integration.reconciliation.nights import Found, Night

AS_BOOLEAN = """CREATE OR REPLACE FUNCTION megaplan_raw.as_boolean(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE RETURN CASE WHEN jsonb_typeof(value) = 'boolean' THEN {} value::boolean END"""
BOOLEANS = {
    "contacts": "is_dropped",
    "contact_points": "is_main",
    "employees": "is_working, can_login",
    "advertising_ways": "is_default",
    "currencies": "is_main",
    "pipeline_stages": "is_entry",
}


def test_columns_follow_a_reader_that_was_changed_without_a_migration(night: Night) -> None:
    before = night.rows()
    versions = night.value("SELECT count(*) FROM megaplan_raw.deal_versions")
    expected = {
        table: Found(
            stale=night.value(
                f"""SELECT count(*) FROM megaplan_raw.{table}
                WHERE deleted_at IS NULL AND num_nonnulls({columns}) > 0"""
            )
        )
        for table, columns in BOOLEANS.items()
    }
    assert all(found.stale for found in expected.values())
    tables = [name for name in ENTITIES if name != "custom_fields"]
    for negation in ("NOT", ""):
        night.database.execute(AS_BOOLEAN.format(negation))
        night.assert_found(night.run(*tables), **expected)
        assert (night.rows() == before) is (negation == "")
        assert not {path for path in night.asked() if path.startswith("/bulk") or path.endswith("/deal/<id>")}
        night.assert_found(night.run(*tables))
    assert night.value("SELECT count(*) FROM megaplan_raw.deal_versions") == versions


def test_what_is_changed_by_hand_after_a_proven_night_is_repaired_in_the_next(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    loaded("deals")
    for _ in range(2):
        database.execute(
            "UPDATE megaplan_raw.deals SET content_hash = '' WHERE id = (SELECT max(id) FROM megaplan_raw.deals)"
        )
        database.execute(
            """UPDATE megaplan_raw.deal_positions SET name = 'x'
            WHERE id = (SELECT min(id) FROM megaplan_raw.deal_positions)"""
        )
        certificates = loaded("deals")
        assert (certificates["deals"].stale, certificates["deals"].repaired) == (1, 1)
        assert (certificates["deal_positions"].stale, certificates["deal_positions"].repaired) == (1, 1)
        assert truth.loaded_deals(database) == truth.deals(megaplan)
        assert truth.loaded_positions(database) == truth.positions(megaplan)


MORE = {
    "deals": """INSERT INTO megaplan_raw.deals (account, payload, content_hash, valid_from)
        SELECT account, payload || jsonb_build_object('id', id + n * 1000000), 'x', now()
        FROM megaplan_raw.deals, generate_series(1, 20) AS n""",
    "deal_positions": """INSERT INTO megaplan_raw.deal_positions (account, id, deal_id, position)
        SELECT account, id + n * 1000000, deal_id + n * 1000000, position
        FROM megaplan_raw.deal_positions, generate_series(1, 20) AS n""",
    "contacts": """INSERT INTO megaplan_raw.contacts (account, payload, content_hash)
        SELECT account, payload || jsonb_build_object('id', id + n * 1000000), 'x'
        FROM megaplan_raw.contacts, generate_series(1, 20) AS n""",
    "contact_points": """INSERT INTO megaplan_raw.contact_points (account, contact_id, position)
        SELECT account, contact_id + n * 1000000, position
        FROM megaplan_raw.contact_points, generate_series(1, 20) AS n""",
}
"""Twenty times as many rows."""


@pytest.mark.parametrize("table", ["deals", "contacts"])
def test_a_chunk_costs_the_same_before_there_are_statistics(database: Connection[Any], table: str) -> None:
    """A regression: with a table just loaded, all of it, or all children, were gone through for each chunk."""
    children = ENTITIES[table].children
    assert children is not None
    database.execute(MORE[table])
    database.execute(MORE[children.table])
    database.execute("DELETE FROM pg_statistic")
    database.execute(
        "UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relnamespace = 'megaplan_raw'::regnamespace"
    )
    (account, rows) = database.execute(
        f"SELECT min(account), count(*) FROM megaplan_raw.{table}"
    ).fetchone() or ("", 0)
    of = {"account": account, "table": table, "after": 0, "rows": 100, "phones": "{}"}
    (ids,) = database.execute(read_sql("select_present_ids"), of).fetchone() or ([],)
    assert len(ids) == 100 < rows / 30
    for statement in ("select_present_ids", "select_typed_phones", children.differing, children.rederive):
        with database.transaction(force_rollback=True):
            before = rows_read(database)
            database.execute(read_sql(statement), {**of, "ids": ids}).fetchall()
            assert rows_read(database) - before < 10 * len(ids), (statement, rows_read(database) - before)


@pytest.mark.parametrize("table", [name for name in ENTITIES if name != "custom_fields"])
def test_parallel_workers_derive_columns(database: Connection[Any], table: str) -> None:
    for setting in ("parallel_setup_cost = 0", "parallel_tuple_cost = 0", "min_parallel_table_scan_size = 0"):
        database.execute(f"SET {setting}")
    (underived,) = database.execute("SELECT megaplan_raw.underived(%s)", (table,)).fetchone() or ("",)
    query = (
        f"SELECT count(*) FROM megaplan_raw.{table} WHERE content_hash <> md5(payload::text) OR {underived}"
    )
    assert any("Workers Launched" in line for (line,) in database.execute(f"EXPLAIN ANALYZE {query}"))
    assert database.execute(query).fetchone() == (0,)


def rows_read(database: Connection[Any]) -> int:
    """Return how many rows of raw tables this transaction has read, by index or not."""
    (rows,) = database.execute(
        """SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables
        WHERE schemaname = 'megaplan_raw'"""
    ).fetchone() or (0,)
    return int(rows or 0)

"""Older tables of telephony are upgraded with all their rows, and with what somebody has built on top."""

from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from megaplan_sync.kernel.schemas import TELEPHONY_SCHEMA_VERSION, prepare_telephony_schema
from megaplan_sync.kernel.sql import read_sql

SCHEMA_7 = Path(__file__).with_name("telephony_schema_7.sql")
OWN_VIEWS = ("failed_calls", "failures", "linked")


def whole_rows(database: Connection[Any], relation: str) -> list[dict[str, Any]]:
    with database.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"SELECT * FROM {relation} AS row ORDER BY row::text".encode()).fetchall()


def catalogue(database: Connection[Any]) -> list[tuple[Any, ...]]:
    """Return all columns, constraints, indexes and comments of schema telephony."""
    return database.execute(
        """SELECT table_name, column_name, concat_ws(' ', data_type, is_nullable, column_default),
          col_description(format('telephony.%I', table_name)::regclass, ordinal_position)
        FROM information_schema.columns WHERE table_schema = 'telephony'
        UNION ALL SELECT tablename, indexname, indexdef, NULL FROM pg_indexes WHERE schemaname = 'telephony'
        UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), NULL FROM pg_constraint
        WHERE connamespace = 'telephony'::regnamespace
        ORDER BY 1, 2, 3"""
    ).fetchall()


def test_deliveries_of_version_7_become_rows_in_the_same_state(database: Connection[Any]) -> None:
    database.execute(SCHEMA_7.read_bytes())
    with database.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SELECT * FROM telephony.call_deliveries ORDER BY call_session_id")
        before = cursor.fetchall()
    states = {(name, row[name]) for row in before for name in ("history", "recording", "communication")}
    assert len(states) == 5 + 6 + 6, "every state of every stage"
    assert prepare_telephony_schema(database)
    assert not prepare_telephony_schema(database)

    with database.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SELECT * FROM telephony.call_delivery_states ORDER BY call_session_id")
        after = cursor.fetchall()
    assert after == before
    assert len(whole_rows(database, "telephony.call_deliveries")) == 3 * len(before)
    upgraded = catalogue(database)
    database.execute("DROP SCHEMA telephony CASCADE")
    prepare_telephony_schema(database)
    assert catalogue(database) == upgraded


def test_what_was_delivered_before_the_upgrade_is_not_planned_again(database: Connection[Any]) -> None:
    database.execute(SCHEMA_7.read_bytes())
    prepare_telephony_schema(database)
    planned = database.execute(read_sql("select_calls_to_plan"), {"account": "mp1"}).fetchall()
    assert (
        planned
        == database.execute(
            """SELECT DISTINCT call_session_id FROM telephony.calls JOIN telephony.call_deliveries AS delivery
          USING (account, call_session_id)
        WHERE account = 'mp1' AND is_finished AND delivery.call_changed_at IS DISTINCT FROM calls.changed_at
        UNION
        SELECT call_session_id FROM telephony.calls
        WHERE account = 'mp1' AND is_finished AND NOT is_internal AND direction IS NOT NULL AND outcome IS NOT NULL
          AND (account, call_session_id) NOT IN (SELECT account, call_session_id FROM telephony.call_deliveries)
        ORDER BY 1"""
        ).fetchall()
    ), "as version 10 found them"
    delivered = database.execute(
        "SELECT call_session_id FROM telephony.call_deliveries WHERE stage = 'history' AND state = 'done'"
    ).fetchall()
    assert len(delivered) == 9
    assert not set(planned) & set(delivered)


def test_own_views_on_deliveries_say_the_same_after_the_upgrade(database: Connection[Any]) -> None:
    database.execute(SCHEMA_7.read_bytes())
    database.execute("GRANT SELECT ON reports.failed_calls, telephony.call_deliveries TO PUBLIC")
    database.execute("COMMENT ON VIEW reports.failed_calls IS 'For the morning'")
    before = {name: whole_rows(database, f"reports.{name}") for name in OWN_VIEWS}
    assert all(before.values())
    prepare_telephony_schema(database)
    assert {name: whole_rows(database, f"reports.{name}") for name in OWN_VIEWS} == before
    kept = database.execute(
        """SELECT obj_description('reports.failed_calls'::regclass),
          has_table_privilege('public', 'reports.failed_calls', 'SELECT'),
          has_table_privilege('public', 'telephony.call_deliveries', 'SELECT')"""
    ).fetchone()
    assert kept == ("For the morning", True, True)


def test_an_upgrade_from_version_6_keeps_cards_and_commands(database: Connection[Any]) -> None:
    database.execute(SCHEMA_7.read_bytes())
    database.execute("DELETE FROM telephony.cards")
    database.execute("ALTER TABLE telephony.cards RENAME COLUMN sent TO told")
    database.execute("ALTER TABLE telephony.commands RENAME COLUMN message TO told")
    database.execute("UPDATE telephony.schema_version SET version = 6")
    database.execute(
        """INSERT INTO telephony.cards (account, provider_id, call_session_id, is_companion, employee_id, told)
        VALUES ('acme', '7', 7, false, 1, 'in calling 1')"""
    )
    database.execute(
        """INSERT INTO telephony.commands (account, command_id, employee_id, kind, told)
        VALUES ('acme', 'a', 1, 'call', 'Звоним')"""
    )
    assert prepare_telephony_schema(database)
    assert database.execute("SELECT provider_id, sent FROM telephony.cards").fetchall() == [
        ("7", "in calling 1")
    ]
    assert database.execute("SELECT command_id, message FROM telephony.commands").fetchall() == [
        ("a", "Звоним")
    ]
    assert database.execute("SELECT version FROM telephony.schema_version").fetchone() == (
        TELEPHONY_SCHEMA_VERSION,
    )
    assert not prepare_telephony_schema(database)


def test_an_upgrade_keeps_the_messages_of_version_5(database: Connection[Any]) -> None:
    database.execute(SCHEMA_7.read_bytes())
    database.execute("ALTER TABLE telephony.mismatches RENAME COLUMN message TO told")
    database.execute("UPDATE telephony.schema_version SET version = 5")
    database.execute(
        "INSERT INTO telephony.mismatches (account, kind, told) VALUES ('acme', 'a kind', 'a message')"
    )
    assert prepare_telephony_schema(database)
    assert database.execute("SELECT kind, message FROM telephony.mismatches").fetchall() == [
        ("a kind", "a message")
    ]
    assert database.execute("SELECT version FROM telephony.schema_version").fetchone() == (
        TELEPHONY_SCHEMA_VERSION,
    )
    assert not prepare_telephony_schema(database)

"""While an older database is upgraded the gateway gets its answers, and nobody is waited for too long."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from megaplan_sync.kernel.exceptions import TablesInUseError
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw import table_replacement
from megaplan_sync.raw.schema import SCHEMA_VERSION, prepare_raw_schema
from tests.integration.raw.upgraded import VERSION_2

CONTACTS = 20_000
LONGEST_ANSWER_SECONDS = 1.5
"""What UIS waits (route_seconds); the swap takes a tenth of it, and waits for readers as long again, lock_timeout."""

MANY_CONTACTS = f"""
INSERT INTO megaplan_raw.contacts (account, id, kind, responsible_ids, payload, content_hash)
SELECT 'mp1', id, 'human', ARRAY[1000013], jsonb_build_object(
  'id', id::text, 'contentType', 'ContractorHuman', 'firstName', repeat('И', 500),
  'responsibles', jsonb_build_array(jsonb_build_object('id', '1000013', 'contentType', 'Employee'))
), 'a hash'
FROM generate_series(5000001, 5000000 + {CONTACTS}) AS id;
INSERT INTO megaplan_raw.contact_points (
  account, contact_id, position, type, value, phone_e164, payload, content_hash
)
SELECT 'mp1', id, 0, 'phone', id::text, '+7900' || id, '{{}}', 'a hash'
FROM generate_series(5000001, 5000000 + {CONTACTS}) AS id;
INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number)
VALUES ('mp1', 1000013, 1, '101');
ANALYZE
"""

IS_LOCKED = """SELECT FROM pg_locks
WHERE relation = 'megaplan_raw.contacts'::regclass AND mode = 'ShareRowExclusiveLock' AND granted"""


@pytest.fixture
def old(database: Connection[Any]) -> Connection[Any]:
    """A database of version 2 with many contacts and one employee who telephones."""
    database.execute(VERSION_2.read_bytes())
    prepare_telephony_schema(database)
    database.execute(MANY_CONTACTS.encode())
    return database


@contextmanager
def in_background(work: Callable[[], object]) -> Iterator[threading.Thread]:
    """Do something in a thread; what it raises is raised at the end."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join()
    if failures:
        raise failures[0]


def upgrade(uri: str) -> None:
    with Session.open(uri) as connection:
        assert prepare_raw_schema(connection)


def longest_answer(database: Connection[Any], upgrading: threading.Thread) -> tuple[float, int]:
    """Ask for a route until the upgrade is over; return the longest wait in seconds, and the number of answers."""
    longest, answers = 0.0, 0
    while upgrading.is_alive() or answers < 10:
        asked_at = time.monotonic()
        values = {"account": "mp1", "phone": f"+7900{5000001 + answers % CONTACTS}"}
        assert database.execute(read_sql("find_route"), values).fetchall() == [(1000013,)]
        longest, answers = max(longest, time.monotonic() - asked_at), answers + 1
        time.sleep(0.002)
    return longest, answers


def version(database: Connection[Any]) -> int:
    row = database.execute("SELECT version FROM megaplan_sync.schema_version").fetchone()
    return int(row[0]) if row else 0


def test_the_gateway_is_answered_throughout(
    old: Connection[Any], database_uri: str, record_property: Callable[[str, object], None]
) -> None:
    with in_background(lambda: upgrade(database_uri)) as upgrading:
        longest, answers = longest_answer(old, upgrading)
    record_property("longest answer in seconds", longest)
    print(f"longest answer {longest:.3f} s of {answers}")
    assert version(old) == SCHEMA_VERSION
    assert answers > 50
    assert longest < LONGEST_ANSWER_SECONDS


def test_a_long_report_delays_the_upgrade_and_not_the_gateway(
    old: Connection[Any], database_uri: str
) -> None:
    with (
        psycopg.connect(database_uri) as report,
        in_background(lambda: upgrade(database_uri)) as upgrading,
    ):
        report.execute("SELECT count(*) FROM megaplan.contacts")  # and goes on reading in its transaction
        with in_background(lambda: time.sleep(5)) as reading:
            longest, _ = longest_answer(old, reading)
        assert upgrading.is_alive()
        assert version(old) == 2
        report.rollback()
        upgrading.join()
    assert version(old) == SCHEMA_VERSION
    assert longest < LONGEST_ANSWER_SECONDS


def test_a_report_without_an_end_is_named_and_nothing_is_changed(
    old: Connection[Any], database_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_replacement, "SECONDS_TO_WAIT_FOR_READERS", 0.5)
    with psycopg.connect(database_uri) as report:
        report.execute("SELECT count(*) FROM megaplan_raw.deals")
        with pytest.raises(TablesInUseError, match=r"have read them for .* see who in pg_stat_activity"):
            upgrade(database_uri)
        assert version(old) == 2
        report.rollback()
    upgrade(database_uri)
    assert version(old) == SCHEMA_VERSION


def test_a_writer_waits_and_then_writes_the_new_table(old: Connection[Any], database_uri: str) -> None:
    with (
        psycopg.connect(database_uri) as report,
        in_background(lambda: upgrade(database_uri)),
    ):
        report.execute("SELECT count(*) FROM megaplan_raw.deals")
        while not old.execute(IS_LOCKED).fetchall():
            time.sleep(0.01)
        with in_background(
            lambda: old.execute("UPDATE megaplan_raw.contacts SET changed_at = now() WHERE id = 5000001")
        ) as writing:
            time.sleep(1)
            assert writing.is_alive()
            report.rollback()
    found = old.execute(
        "SELECT changed_at > first_synced_at FROM megaplan_raw.contacts WHERE id = 5000001"
    ).fetchall()
    assert found == [(True,)]

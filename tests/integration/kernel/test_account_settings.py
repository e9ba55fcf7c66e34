"""What the console reads of an account: the settings that its tasks saw, and the freshness of its tables."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from megaplan_sync.kernel.account_session import account_session
from megaplan_sync.raw.account_sync import AccountSync


@pytest.fixture
def template(prepared_template: str) -> str:
    """The tests start with all tables, empty."""
    return prepared_template


@pytest.fixture
def seen(
    database: Connection[Any],
    database_uri: str,
    connect: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[Any, ...]]:
    """Return a function that works on an account as a task does, and returns what is known of its settings."""
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", database_uri)

    def work(*entities: str, **settings: Any) -> tuple[Any, ...]:
        with account_session(connect(**settings)) as session:
            if session is not None and entities:
                AccountSync(*session, run_id="run").run(entities, full_refresh=False)
        (row,) = database.execute(
            """SELECT conn_id, deals_active, telephony_active, deals_to_uis, requests_per_hour, reserved_for_calls
            FROM megaplan_sync.account_settings"""
        ).fetchall()
        return tuple(row)

    return work


def test_what_the_connection_switches_on_is_saved_whenever_it_changes(
    seen: Callable[..., tuple[Any, ...]],
) -> None:
    assert seen(requests_per_hour=1000) == ("megaplan_default", True, False, False, 1000, 0)
    on = {"telephony_active": True, "uis_conn_id": "uis_default", "requests_per_hour": 500}
    assert seen(**on) == ("megaplan_default", True, True, True, 500, 50)
    assert seen(**on, deals_active=False) == ("megaplan_default", False, True, True, 500, 50)


def test_a_table_is_late_once_it_is_older_than_promised(
    seen: Callable[..., tuple[Any, ...]], database: Connection[Any]
) -> None:
    def late() -> set[str]:
        return {
            name
            for (name,) in database.execute("SELECT entity FROM megaplan_sync.table_freshness WHERE is_late")
        }

    seen("contacts", "currencies", directories_every_minutes=20)
    entities = database.execute("SELECT entity FROM megaplan_sync.table_freshness").fetchall()
    assert {"contacts", "currencies"} <= {name for (name,) in entities}
    for minutes, expected in ((0, set()), (31, {"contacts"}), (21, {"contacts", "currencies"})):
        database.execute(
            "UPDATE megaplan_sync.walks SET read_at = read_at - make_interval(mins => %s::integer)",
            (minutes,),
        )
        assert late() & {"contacts", "currencies"} == expected
    seen(deals_active=False)
    assert late() == set(), "an account that is switched off promises nothing"

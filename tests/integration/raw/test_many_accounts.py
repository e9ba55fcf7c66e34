"""Many accounts in one run: an account with few requests keeps no other from being synced, and loses nothing.

``LARGE_FIRST_LOAD=300000`` gives that account so many deals, and fifty others stand beside it.
"""

import json
import os
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan, what_it_holds
from demo.processes import free_port
from megaplan_sync.kernel.account_session import account_session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.schema import prepare_raw_schema
from tests.integration.airflow_runs import TestedAirflow, postgres_connection
from tests.integration.conftest import UNHURRIED

LARGE = int(os.environ.get("LARGE_FIRST_LOAD", "420"))
PAGE_SIZE = 10 if LARGE == 420 else 100
OTHERS = 20 if LARGE == 420 else 50
REQUESTS_PER_HOUR = 25 if LARGE == 420 else 1000


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedMegaplan]:
    """A small account; under each address of the machine itself it is another one."""
    log = tmp_path_factory.mktemp("small") / "megaplan.log"
    free = ["--knob", "rps=0", "--knob", "rph=0", "--host", "0.0.0.0"]
    with emulated_megaplan(free_port(0), 30, log, free) as emulator:
        yield emulator


@pytest.fixture
def large(megaplan: EmulatedMegaplan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedMegaplan]:
    """The account whose first load takes long."""
    if LARGE == 420:
        yield megaplan
        return
    log = tmp_path_factory.mktemp("large") / "megaplan.log"
    with emulated_megaplan(free_port(0), LARGE, log, ["--knob", "rps=0", "--knob", "rph=0"]) as emulator:
        yield emulator


@pytest.fixture
def connections(large: EmulatedMegaplan, small: EmulatedMegaplan) -> dict[str, dict[str, Any]]:
    """Airflow's connections; the account with few requests comes first."""
    limits = {"requests_per_hour": REQUESTS_PER_HOUR, "requests_per_second": 1000, "page_size": PAGE_SIZE}
    others = {
        f"other_{number}": {**small.connection(**UNHURRIED), "host": f"http://127.0.1.{number}"}
        for number in range(1, OTHERS + 1)
    }
    return {"large": large.connection(**limits), **others}


def rows(database: Connection[Any], account: str) -> dict[str, int]:
    """Return the number of deals, contacts and employees of an account."""
    return {
        table: (
            database.execute(f"SELECT count(*) FROM megaplan_raw.{table} WHERE account = %s", (account,))
        ).fetchone()[0]  # type: ignore[index]
        for table in ("deals", "contacts", "employees")
    }


def an_hour_later(database: Connection[Any]) -> None:
    database.execute(
        "UPDATE megaplan_sync.request_budgets SET minutes = ARRAY(SELECT unnest(minutes) - 61), next_at = now()"
    )


def test_an_account_without_requests_delays_no_other_and_goes_on_where_it_was(
    migrated_airflow: TestedAirflow,
    database: Connection[Any],
    database_uri: str,
    large: EmulatedMegaplan,
    small: EmulatedMegaplan,
    connections: dict[str, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It slept for up to two hours in its task, and the next run of all others waited for it."""
    environment = {
        f"AIRFLOW_CONN_{conn_id.upper()}": json.dumps(described) for conn_id, described in connections.items()
    }
    environment["AIRFLOW_CONN_MEGAPLAN_POSTGRES"] = json.dumps(postgres_connection(database_uri))
    environment["AIRFLOW_VAR_MEGAPLAN_ACCOUNTS"] = json.dumps(list(connections))
    migrated_airflow.environment = environment
    large.control("requests", method="DELETE")

    began = time.monotonic()
    run = migrated_airflow.dags_test()
    assert time.monotonic() - began < 1200, "nobody has slept until the hour was over"
    assert run.state == "success", run.output[-3000:]
    account = f"127.0.0.1:{large.port}"
    assert f"Partial, the next run continues: 1 accounts: {account}" in run.output
    assert "account=other_3" in run.output, "lines of the log say whose they are"
    expected = what_it_holds(small)
    for number in range(1, OTHERS + 1):
        loaded = rows(database, f"127.0.1.{number}:{small.port}")
        assert loaded == {table: expected[table] for table in loaded}
    partial = database.execute(
        "SELECT outcome ->> 'partial' FROM megaplan_sync.entity_runs WHERE outcome ? 'partial'"
    ).fetchall()
    assert partial
    assert all("requests_per_hour" in reason for (reason,) in partial)
    assert len(large.control("requests")) == REQUESTS_PER_HOUR

    for conn_id, described in environment.items():
        monkeypatch.setenv(conn_id, described)
    expected = what_it_holds(large)
    hours = 0
    while rows(database, account) != {table: expected[table] for table in rows(database, account)}:
        hours += 1
        assert hours < 100, "each run goes on where the last one paused"
        an_hour_later(database)
        with account_session("large") as session:
            assert session is not None
            AccountSync(*session, run_id=uuid4().hex).run((), full_refresh=False)
    pages = [entry["path"] for entry in large.control("requests") if entry["path"].endswith("/deal")]
    assert len(pages) <= LARGE / PAGE_SIZE + hours + 3, "no page of a paused load is read twice"


def test_a_pause_within_a_run_is_continued_by_its_retry_and_counted_once(
    database: Connection[Any],
    database_uri: str,
    connections: dict[str, dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare_raw_schema(database)
    few = {"requests_per_hour": 12, "requests_per_second": 1000, "page_size": 10}
    described = {**connections["large"], "extra": json.dumps(few)}
    monkeypatch.setenv("AIRFLOW_CONN_LARGE", json.dumps(described))
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    last: dict[str, Any] = {}
    for _ in range(8):
        with account_session("large") as session:
            assert session is not None
            outcomes = AccountSync(*session, run_id="the same").run(["contacts"], full_refresh=False)
        (last,) = [outcome.as_dict() for outcome in outcomes]
        if "partial" not in last:
            break
        an_hour_later(database)
    assert "partial" not in last
    assert last["inserted"] == rows(database, f"127.0.0.1:{connections['large']['port']}")["contacts"] > 100
    assert last["requests"] > 12


def test_an_account_may_be_synced_less_often_than_the_dag_runs(
    database: Connection[Any],
    database_uri: str,
    connections: dict[str, dict[str, Any]],
    small: EmulatedMegaplan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare_raw_schema(database)
    described = {**connections["other_1"], "extra": json.dumps({**UNHURRIED, "sync_every_minutes": 120})}
    monkeypatch.setenv("AIRFLOW_CONN_OTHER_1", json.dumps(described))
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))

    def requests_of_a_run() -> int:
        small.control("requests", method="DELETE")
        with account_session("other_1") as session:
            assert session is not None
            AccountSync(*session, run_id=uuid4().hex).run((), full_refresh=False)
        return len(small.control("requests"))

    assert requests_of_a_run() > 8
    assert requests_of_a_run() == 0, "not even a login"
    database.execute("UPDATE megaplan_sync.walks SET read_at = read_at - interval '118 minutes'")
    assert requests_of_a_run() > 8, "runs do not begin on the second"

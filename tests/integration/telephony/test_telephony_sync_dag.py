"""The DAG as people run it, ``airflow dags test megaplan_telephony_sync``, and its messages for invalid input."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from airflow.sdk.execution_time.context import OutletEventAccessors
from psycopg import Connection

from demo.emulated_megaplan import PASSWORD, EmulatedMegaplan
from megaplan_sync.telephony.assets import TELEPHONY_USERS
from megaplan_sync.telephony.people.operators import (
    PrepareTelephonyTablesOperator,
    TelephonyUsersToPostgresOperator,
)
from tests.emulators.uis_client import TOKEN, Client

from ..airflow_runs import AirflowRun, TestedAirflow, postgres_connection
from ..conftest import UNHURRIED
from ..databases import EMPTY
from .two_sides import FIRST_EMPLOYEE, uis_connection

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.user_fixtures"]

DAG_ID = "megaplan_telephony_sync"
EXPIRED_TOKEN = "uis-expired-token"
TOKEN_OF_ANOTHER_BRAND = "a-key-of-another-brand-nobody-may-see"
ALIAS_EVENT = "telephony.users@"


@pytest.fixture
def template() -> str:
    """The first task creates the tables."""
    return EMPTY


@dataclass
class Connections:
    """The connections of the runs of one test."""

    airflow: TestedAirflow
    megaplan: EmulatedMegaplan
    cabinet: Client

    def megaplan_is(self, **settings: Any) -> None:
        """Set the Megaplan connection; ``deals_active`` is off, as telephony does not need it."""
        given = {**UNHURRIED, "deals_active": False, "telephony_active": True, "uis_conn_id": "uis_default"}
        described = self.megaplan.connection(**{**given, **settings})
        self.airflow.environment["AIRFLOW_CONN_MEGAPLAN_DEFAULT"] = json.dumps(described)

    def uis_is(self, **settings: Any) -> None:
        """Set the UIS connection."""
        described = uis_connection(self.cabinet.url, **settings)
        self.airflow.environment["AIRFLOW_CONN_UIS_DEFAULT"] = json.dumps(described)

    def run(self, **conf: Any) -> AirflowRun:
        """Run the DAG once."""
        return self.airflow.dags_test(conf, dag_id=DAG_ID)


@pytest.fixture
def connections(
    migrated_airflow: TestedAirflow, database_uri: str, megaplan: EmulatedMegaplan, cabinet: Client
) -> Iterator[Connections]:
    migrated_airflow.environment = {
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(postgres_connection(database_uri))
    }
    given = Connections(migrated_airflow, megaplan, cabinet)
    given.megaplan_is()
    given.uis_is()
    yield given
    written = migrated_airflow.written()
    for secret in (TOKEN, EXPIRED_TOKEN, TOKEN_OF_ANOTHER_BRAND, PASSWORD):
        assert secret not in written


def users(database: Connection[Any]) -> list[tuple[Any, ...]]:
    return database.execute("SELECT *, xmin FROM telephony.users ORDER BY employee_id").fetchall()


def event_of(connections: Connections, run: AirflowRun) -> dict[str, Any] | None:
    events = connections.airflow.asset_events(run)
    assert all(name.startswith(ALIAS_EVENT) for name in events)
    return next(iter(events.values()), None)


def assert_hopeless(run: AirflowRun, *words: str) -> None:
    """Assert that the run failed at once, and what the task's log says of the error has all the words."""
    assert run.state == "failed", run.output[-3000:]
    assert run.tries["map_users"] == 1
    said = run.error("map_users")
    for word in words:
        assert word in said
    assert "Caused by" not in run.output
    assert "direct cause" not in run.output


def test_a_run_fills_the_tables_and_shows_the_mismatches_and_the_second_changes_nothing(
    connections: Connections, database: Connection[Any]
) -> None:
    run = connections.run()
    assert run.state == "success", run.output[-3000:]
    assert len(users(database)) == 10
    event = event_of(connections, run)
    assert event is not None
    assert (event["users"], event["inserted"], event["deleted"]) == (10, 10, 0)
    assert event["mismatches"]["number_not_in_uis"] == 2
    assert {one["employee_id"] for one in event["mismatch_rows"] if one["kind"] == "number_not_in_uis"} == {
        FIRST_EMPLOYEE + 10,
        FIRST_EMPLOYEE + 11,
    }
    assert f"Employee {FIRST_EMPLOYEE + 17} has left" in run.output, "the log shows each of them"
    (kinds,) = database.execute("SELECT count(DISTINCT kind) FROM telephony.mismatches").fetchone() or (0,)
    assert kinds == 3

    before = users(database)
    second = connections.run(accounts=["megaplan_default"])
    assert second.state == "success", second.output[-3000:]
    assert users(database) == before
    assert event_of(connections, second) is None, "nothing has changed"

    connections.cabinet.mutate("set_status", employee=501, status="do_not_disturb")
    third = event_of(connections, connections.run())
    assert third is not None
    assert (third["inserted"], third["updated"]) == (0, 1)


def test_errors_of_uis_are_reported_and_nothing_is_lost(
    connections: Connections, database: Connection[Any]
) -> None:
    assert connections.run().state == "success"
    before = users(database)

    connections.uis_is(access_token=TOKEN_OF_ANOTHER_BRAND)
    assert_hopeless(connections.run(), "'uis_default'", "access_token_invalid", "brand is the key's own")

    connections.uis_is(access_token=EXPIRED_TOKEN)
    assert_hopeless(connections.run(), "'uis_default'", "access_token_expired", "make a new key")

    connections.uis_is()
    connections.cabinet.control("knobs", {"ip_whitelist": "10.1.2.3/32"})
    assert_hopeless(connections.run(), "'uis_default'", "ip_not_whitelisted", "public address in the cabinet")
    assert users(database) == before


def test_a_missing_uis_connection_is_reported_with_the_field(connections: Connections) -> None:
    connections.megaplan_is(uis_conn_id="")
    assert_hopeless(
        connections.run(), "'megaplan_default'", "field 'uis_conn_id'", "it is empty", "uis_default"
    )

    connections.megaplan_is(uis_conn_id="uis_second")
    assert_hopeless(connections.run(), "'uis_second'", "AIRFLOW_CONN_UIS_SECOND")


def test_an_unknown_account_ends_the_run(connections: Connections) -> None:
    run = connections.run(accounts=["megaplan_defualt"])
    assert run.state == "failed"
    assert run.tries["choose_accounts"] == 1
    said = run.error("choose_accounts")
    assert "accounts: megaplan_defualt" in said
    assert "Variable megaplan_accounts" in said


def test_an_account_without_telephony_is_skipped(connections: Connections, database: Connection[Any]) -> None:
    connections.megaplan_is(telephony_active=False, uis_conn_id="")
    run = connections.run()
    assert run.state == "success", run.output[-3000:]
    assert "megaplan_default: telephony_active is off" in run.output
    assert users(database) == []


def test_an_account_that_fails_does_not_stop_the_others(
    connections: Connections, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    broken = megaplan.connection(**UNHURRIED, telephony_active=True)
    environment = connections.airflow.environment
    environment["AIRFLOW_CONN_MEGAPLAN_BROKEN"] = json.dumps({**broken, "host": "http://localhost"})
    environment["AIRFLOW_VAR_MEGAPLAN_ACCOUNTS"] = json.dumps(["megaplan_broken", "megaplan_default"])
    run = connections.run()
    assert run.state == "failed"
    assert "'megaplan_broken', field 'uis_conn_id'" in run.output
    assert len(users(database)) == 10


def test_an_empty_answer_is_retried_and_reported(
    connections: Connections,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As in the task, but without waiting a minute for the retry."""
    for name, described in connections.airflow.environment.items():
        monkeypatch.setenv(name, described)
    PrepareTelephonyTablesOperator(task_id="prepare").execute({})
    task = TelephonyUsersToPostgresOperator(
        task_id="map", accounts=["megaplan_default"], outlets=[TELEPHONY_USERS]
    )
    (outcome,) = task.execute({"outlet_events": OutletEventAccessors()})
    assert json.loads(json.dumps(outcome))["users"] == 10
    before = users(database)

    megaplan.control("mutate", {"op": "empty_list", "entity": "call_user_configs"})
    with pytest.raises(AirflowException, match=r"All 10 users of telephony.users stay") as failure:
        task.execute({"outlet_events": OutletEventAccessors()})
    assert not isinstance(failure.value, AirflowFailException), "a retry reads it again"
    assert users(database) == before

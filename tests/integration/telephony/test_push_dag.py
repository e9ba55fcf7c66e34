"""The DAG as people run it, ``airflow dags test megaplan_calls_push``."""

import json
import threading
import time
from typing import Any

import psycopg
import pytest

from tests.emulators.uis_client import Client

from ..airflow_runs import AirflowRun, TestedAirflow, postgres_connection
from ..conftest import UNHURRIED
from .push_world import ALL_DONE, PushWorld
from .two_sides import uis_connection

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
DAG_ID = "megaplan_calls_push"
SETTINGS = {
    **UNHURRIED,
    **ALL_DONE,
    "telephony_active": True,
    "uis_conn_id": "uis_default",
    "vendor_quirks": {"read_lag_seconds": 0},
}


@pytest.fixture
def airflow(migrated_airflow: TestedAirflow, world: PushWorld, uis: Client) -> TestedAirflow:
    """An Airflow whose connections lead to both emulated sides and a database with two mapped employees."""
    migrated_airflow.environment = {
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(world.megaplan.connection(**SETTINGS)),
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(postgres_connection(world.uri)),
        "AIRFLOW_CONN_UIS_DEFAULT": json.dumps(uis_connection(uis.url, records_url=uis.url)),
    }
    return migrated_airflow


def run_dag(airflow: TestedAirflow, conf: dict[str, Any] | None = None, **variables: str) -> AirflowRun:
    return airflow.dags_test(conf, variables=variables, dag_id=DAG_ID)


def play(uis: Client, ready_in: float) -> tuple[int, str]:
    """Play an answered call that has just ended; return its number and the link of its recording."""
    now = uis.control("clock", method="GET")["timestamp"]
    uis.control("knobs", {"record_delay_s": ready_in})
    spec = {"time": "virtual", "kind": "incoming_answered", "contact": "79000000001", "employee": 501}
    (played,) = uis.control("calls", {**spec, "start": now - 65})
    (call,) = [each for each in uis.control("calls", method="GET") if each["id"] == played["id"]]
    return int(played["id"]), str(call["recordings"][0]["link"])


def test_a_run_waits_for_the_recording_without_a_worker_and_delivers_it(
    airflow: TestedAirflow, world: PushWorld, uis: Client
) -> None:
    number, link = play(uis, ready_in=3600)
    world.add_call(number, records=[{"url": link, "kind": "talk"}], expects_record=True)
    world.add_call(700, "out", "unanswered")

    def become_ready_after_the_first_look() -> None:
        with psycopg.connect(world.uri, autocommit=True) as connection:
            looks = "SELECT recording_tries FROM telephony.call_delivery_states WHERE call_session_id = %s"
            until = time.monotonic() + 120
            while (
                connection.execute(looks, (number,)).fetchone() in (None, (0,)) and time.monotonic() < until
            ):
                time.sleep(0.2)
        uis.control("clock", {"advance": 3600})

    becoming_ready = threading.Thread(target=become_ready_after_the_first_look)
    becoming_ready.start()
    run = run_dag(airflow)
    becoming_ready.join()
    assert run.state == "success", run.output[-3000:]
    assert set(run.states.values()) == {"success"}
    assert "running trigger in line" in run.output, "it was deferred"
    assert run.tries["wait_for_recordings"] == 1, "and resumed by itself, not by a retry"
    assert world.states(number) == ("done", "done", "done")
    assert world.call(number)["recordLinks"] == [link]
    assert {todo["status"]["masterType"] for todo in world.todos()} == {"success"}
    assert len(world.todos()) == 2
    assert link not in run.output, "links are secrets"


def test_a_run_with_nothing_to_wait_for_ends_and_a_second_one_asks_nothing(
    airflow: TestedAirflow, world: PushWorld
) -> None:
    world.add_call(outcome="missed")
    run = run_dag(airflow)
    assert run.state == "success", run.output[-3000:]
    assert (run.states["wait_for_recordings"], run.states["push_the_rest"]) == ("skipped", "skipped")
    assert (run.states["push_calls"], run.states["all_delivered"]) == ("success", "success")
    assert len(world.calls()) == len(world.todos()) == 1
    world.forget_requests()
    assert run_dag(airflow).state == "success"
    assert world.requests() == []


def test_an_account_that_fails_does_not_stop_the_others(airflow: TestedAirflow, world: PushWorld) -> None:
    world.add_call()
    world.database.execute(
        """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number)
        VALUES ('mp404', 1, 1, '1')"""
    )
    broken = {**world.megaplan.connection(**{**SETTINGS, "telephony_active": True}), "password": ""}
    run = run_dag(
        airflow,
        AIRFLOW_CONN_MEGAPLAN_SECOND=json.dumps(
            {**broken, "extra": json.dumps({**SETTINGS, "uis_conn_id": ""})}
        ),
        AIRFLOW_VAR_MEGAPLAN_ACCOUNTS='["megaplan_second", "megaplan_default"]',
    )
    assert run.state == "failed"
    assert "'megaplan_second', field 'uis_conn_id'" in run.output
    assert world.states() == ("done", "none", "done")


def test_failed_calls_are_resent_by_hand(airflow: TestedAirflow, world: PushWorld) -> None:
    for number in (700, 701, 702):
        world.add_call(number)
    world.push()
    world.database.execute(
        """UPDATE telephony.call_deliveries SET state = 'parked', error = 'refused'
        WHERE stage = 'communication' AND call_session_id IN (700, 701)"""
    )
    run = run_dag(airflow)
    assert world.todos() == []
    assert "call 700 has failed" in run.output
    run = run_dag(airflow, {"resend": "700"})
    assert run.state == "success", run.output[-3000:]
    assert [world.states(number)[2] for number in (700, 701)] == ["done", "parked"]
    run = run_dag(airflow, {"resend_failed": True})
    assert run.state == "success", run.output[-3000:]
    assert world.states(701)[2] == "done"
    assert len(world.todos()) == 2


@pytest.mark.parametrize(
    ("resend", "words"),
    [
        ([4711], "resend: no account has 4711"),
        ("4711,\n4712\n", "resend: no account has 4711, 4712"),
        (["7OO"], "resend is ['7OO']: expected call session ids"),
        ("700 True", "resend is '700 True': expected call session ids"),
    ],
)
def test_an_invalid_resend_is_reported_and_not_retried(
    airflow: TestedAirflow, world: PushWorld, resend: list[Any] | str, words: str
) -> None:
    run = run_dag(airflow, {"resend": resend})
    assert run.state == "failed"
    assert run.tries["resend_calls"] == 1
    assert words in run.error("resend_calls")


def test_the_night_compares_calls(airflow: TestedAirflow, world: PushWorld, uis: Client) -> None:
    """The DAG ``megaplan_reconciliation`` with a call that has no events; the other tables are not compared."""
    number, _ = play(uis, ready_in=0)
    conf = {"entities": ["calls"], "calls_since": "2026-01-14"}
    run = airflow.dags_test(conf, dag_id="megaplan_reconciliation")
    assert run.state == "success", run.output[-3000:]
    assert "forget_old_calls" in run.states
    assert set(run.states.values()) == {"success", "skipped"}, "nothing is to be decided"
    assert world.states(number) == ("done", "done", "done")
    certificate = world.database.execute(
        "SELECT entity, verdict, missing, repaired, unresolved FROM megaplan_raw.certificates"
    ).fetchall()
    assert certificate == [("calls", "proven", 1, 1, 0)]
    assert world.requests("/deal") == []

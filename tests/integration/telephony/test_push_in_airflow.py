"""A paused DAG, killed triggerers and two schedulers: no call is lost or duplicated."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.processes import Program
from tests.emulators.uis_client import Client

from ..airflow_runs import postgres_connection
from ..conftest import UNHURRIED
from ..gateway.waiting import until
from ..standing_airflow import StandingAirflow, standing_airflow
from .call_night import CallNight
from .notification_receiver import NotificationReceiver
from .push_world import ALL_DONE, PushWorld
from .two_sides import FIRST_EMPLOYEE, uis_connection

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
DAG_ID = "megaplan_calls_push"
SETTINGS = {
    **UNHURRIED,
    **ALL_DONE,
    "telephony_active": True,
    "uis_conn_id": "uis_default",
    "vendor_quirks": {"read_lag_seconds": 0},
}
KINDS = [
    "incoming_answered",
    "incoming_lost",
    "transferred",
    "voicemail",
    "outgoing_answered",
    "outgoing_unanswered",
]
RECORD_DELAY_SECONDS = 3600
PATIENCE_SECONDS = 240


@pytest.fixture
def night(world: PushWorld, uis: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[CallNight]:
    """Both sides, with all employees mapped; notifications of UIS are stored in the inbox."""
    receiver = NotificationReceiver(world.uri, world.account)
    world.database.execute("DELETE FROM telephony.users")
    for place in range(10):
        world.database.execute(
            """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number)
            VALUES (%s, %s, %s, %s)""",
            (world.account, FIRST_EMPLOYEE + place, 501 + place, str(101 + place)),
        )
    yield CallNight(world, uis, receiver, monkeypatch)
    receiver.close()


@pytest.fixture
def airflow(night: CallNight, postgres: str, tmp_path: Path) -> Iterator[StandingAirflow]:
    """An Airflow with the DAG, paused, and with connections to both sides; two schedulers, no triggerer."""
    connections = {
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(night.world.megaplan.connection(**SETTINGS)),
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(postgres_connection(night.world.uri)),
        "AIRFLOW_CONN_UIS_DEFAULT": json.dumps(uis_connection(night.uis.url, records_url=night.uis.url)),
    }
    # a watcher is started when the file is parsed again
    with standing_airflow(postgres, tmp_path, [DAG_ID], connections, parse_every_seconds=2) as airflow:
        airflow.start("scheduler", "--skip-serve-logs")
        airflow.start("scheduler", "--skip-serve-logs")
        yield airflow


def start_triggerer(airflow: StandingAirflow) -> Program:
    """Start a triggerer, and wait until it is running."""
    triggerer = airflow.start("triggerer", "--skip-serve-logs")
    until(lambda: airflow.alive("TriggererJob") == 1, PATIENCE_SECONDS)
    return triggerer


def let_calls_end(night: CallNight) -> list[int]:
    """Play calls whose recordings take an hour; return their numbers."""
    night.uis.control("knobs", {"record_delay_s": RECORD_DELAY_SECONDS})
    numbers = [night.play(kind, hours_ago=0.2) for kind in KINDS for _ in range(2)]
    wait_for_events(night, "call_session_finished", len(numbers))
    return numbers


def wait_for_events(night: CallNight, mnemonic: str, number: int) -> None:
    query = "SELECT count(*) FROM telephony.events WHERE mnemonic = %s"
    until(lambda: night.world.database.execute(query, (mnemonic,)).fetchone() == (number,))


def assert_exactly_once(night: CallNight, numbers: list[int]) -> None:
    """Each call is in Megaplan once, with its recordings and one communication, and the outbox says so."""
    world = night.world
    assert sorted(int(call["providerId"]) for call in world.calls()) == sorted(numbers)
    related = [
        link["id"]
        for todo in world.todos()
        for link in todo["relations"]
        if link["contentType"] == "CallInfo"
    ]
    assert sorted(related) == sorted(call["id"] for call in world.calls())
    for number in numbers:
        links = sorted(recording["link"] for recording in night.uis.truth(number)["recordings"])
        assert sorted(world.call(number)["recordLinks"]) == links
        assert world.states(number) == ("done", "done" if links else "none", "done")


def test_a_paused_dag_killed_triggerers_and_two_schedulers_cost_no_call(
    airflow: StandingAirflow, night: CallNight
) -> None:
    world = night.world
    triggerer = start_triggerer(airflow)
    airflow.api.wait_until_up()
    airflow.api.wait_for_dag(DAG_ID)
    until(lambda: airflow.alive("SchedulerJob") == 2, PATIENCE_SECONDS)

    numbers = let_calls_end(night)
    airflow.kill(triggerer)
    assert (airflow.api.run_states(DAG_ID), world.calls()) == ([], []), "the DAG is paused"
    triggerer = start_triggerer(airflow)
    airflow.api.unpause(DAG_ID)
    until(lambda: airflow.ask("SELECT 1 FROM task_instance WHERE state = 'deferred'"), PATIENCE_SECONDS)
    assert len(world.calls()) == len(numbers)

    airflow.kill(triggerer)
    night.uis.advance(RECORD_DELAY_SECONDS)
    start_triggerer(airflow)
    until(lambda: not world.open_calls(), PATIENCE_SECONDS)

    until(lambda: "success" in airflow.api.run_states(DAG_ID), PATIENCE_SECONDS)
    assert "failed" not in airflow.api.run_states(DAG_ID)
    assert_exactly_once(night, numbers)
    assert (airflow.alive("SchedulerJob"), airflow.alive("TriggererJob")) == (2, 1)

"""CeleryExecutor: a worker and the broker are killed in mid-work, and nothing is lost, repeated or left half done.

All accounts are made in Airflow's web interface: workers, triggerer and gateway have no connection of their own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from cryptography.fernet import Fernet

from demo.airflow_home import REPOSITORY
from demo.processes import Program, free_port, running
from tests.emulators.uis_client import Client

from ..airflow_runs import postgres_connection
from ..conftest import UNHURRIED
from ..gateway.waiting import until
from ..raw.table_comparison import assert_equal_to_megaplan
from ..standing_airflow import StandingAirflow, standing_airflow
from ..telephony.call_night import CallNight
from ..telephony.notification_receiver import NotificationReceiver
from ..telephony.push_world import ALL_DONE, PushWorld
from ..telephony.two_sides import FIRST_EMPLOYEE, uis_connection
from .broker import Broker, running_broker

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
DEALS, CALLS = "megaplan_deals_sync", "megaplan_calls_push"
SETTINGS = {
    **UNHURRIED,
    **ALL_DONE,
    "telephony_active": True,
    "uis_conn_id": "uis_default",
    "page_size": 20,
    "webhook_secret": "not-a-secret-megaplan",
    "vendor_quirks": {"read_lag_seconds": 0},
}
KINDS = ["incoming_answered", "incoming_lost", "outgoing_unanswered"]
PATIENCE_SECONDS = 600
GATEWAY_ROLE = "gateway_of_a_test"


@pytest.fixture
def template(prepared_template: str) -> str:
    return prepared_template


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
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_broker(tmp_path / "broker") as broker:
        yield broker


@pytest.fixture
def fernet_key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture
def airflow(
    night: CallNight, broker: Broker, fernet_key: str, postgres: str, tmp_path: Path
) -> Iterator[StandingAirflow]:
    """An Airflow with a scheduler and a triggerer, without workers; its accounts were made in the web interface."""
    settings = {
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__FERNET_KEY": fernet_key,
        "AIRFLOW__CELERY__BROKER_URL": broker.url,
        "AIRFLOW__CELERY__WORKER_CONCURRENCY": "4",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "1",
    }
    with standing_airflow(postgres, tmp_path, [DEALS, CALLS], {}, settings=settings) as airflow:
        airflow.start("scheduler", "--skip-serve-logs")
        airflow.start("triggerer", "--skip-serve-logs")
        airflow.api.wait_until_up()
        airflow.api.add_connections(
            {
                "megaplan_default": described(night.world.megaplan.connection(**SETTINGS)),
                "megaplan_postgres": postgres_connection(night.world.uri),
                "uis_default": described(uis_connection(night.uis.url, records_url=night.uis.url)),
            }
        )
        yield airflow


def described(connection: dict[str, object]) -> dict[str, object]:
    """Return a connection as Airflow's API wants it."""
    extra = connection["extra"]
    return {**connection, "extra": extra if isinstance(extra, str) else json.dumps(extra)}


def start_worker(airflow: StandingAirflow) -> Program:
    return airflow.start("celery", "worker", "--skip-serve-logs", "--without-mingle", "--without-gossip")


@pytest.fixture
def gateway(airflow: StandingAirflow, postgres: str, fernet_key: str, tmp_path: Path) -> Iterator[str]:
    """Address of a gateway that reads Airflow's database with a role of its own, as in docker-compose.yaml."""
    address = airflow.metadata_uri.replace("//postgres:@", f"//{GATEWAY_ROLE}:secret@")
    grant = [sys.executable, str(REPOSITORY / "docker" / "grant_gateway.py"), airflow.metadata_uri, address]
    for _ in range(2):  # it is run after every upgrade
        subprocess.run(grant, check=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")} | {
        "PYTHONPATH": f"{REPOSITORY}/plugins",
        "AIRFLOW_HOME": str(tmp_path / "gateway"),
        "AIRFLOW__CORE__FERNET_KEY": fernet_key,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": address.replace("postgresql://", "postgresql+psycopg://"),
    }
    port = free_port(0)
    command = [sys.executable, "-m", "megaplan_gateway", "--port", str(port), "--reload-seconds", "1"]
    with running("gateway", command, tmp_path / "gateway.log", environment):
        yield f"http://127.0.0.1:{port}"
    with psycopg.connect(airflow.metadata_uri) as connection:
        for table in ("dag_run", "ab_user", "task_instance"):
            query = "SELECT has_table_privilege(%s, oid, 'SELECT') FROM pg_class WHERE relname = %s"
            assert connection.execute(query, (GATEWAY_ROLE, table)).fetchone() in ((False,), None)


def served_accounts(gateway: str) -> int:
    """Return the number of accounts that the gateway serves; 0 while it starts."""
    try:
        metrics = httpx.get(f"{gateway}/metrics", trust_env=False).text
    except httpx.HTTPError:
        return 0
    return next(
        int(float(line.split()[1])) for line in metrics.splitlines() if line.startswith("gateway_accounts ")
    )


def hang(night: CallNight, method: str, path: str, nth: int) -> None:
    """Let one request to Megaplan be processed, but not answered."""
    fault = {"kind": "timeout", "method": method, "path": path, "exact": True, "nth": nth, "processed": True}
    night.world.megaplan.control("faults", fault)


def hanging(night: CallNight) -> bool:
    return all(fault["fired"] for fault in night.world.megaplan.control("faults"))


def kill(airflow: StandingAirflow, worker: Program) -> None:
    """Kill a worker and the tasks that it runs, as the end of its machine does."""
    everything = psutil.Process(worker.pid).children(recursive=True)
    airflow.kill(worker)
    for process in everything:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def let_minutes_pass(airflow: StandingAirflow) -> None:
    """Make running tasks silent for longer than the scheduler waits, and let those that failed be tried again.

    Whoever has locked a row may have it: the next call changes it.
    """
    for column, state in (("last_heartbeat_at", "running"), ("end_date", "up_for_retry")):
        airflow.change(
            f"""UPDATE task_instance SET {column} = now() - interval '10 minutes' WHERE id IN (
                SELECT id FROM task_instance WHERE state = '{state}' FOR UPDATE SKIP LOCKED)"""
        )


def test_a_killed_worker_and_a_restarted_broker_leave_what_an_undisturbed_day_leaves(
    airflow: StandingAirflow, broker: Broker, night: CallNight, gateway: str
) -> None:
    world = night.world
    worker = start_worker(airflow)
    for dag_id in (DEALS, CALLS):
        airflow.api.wait_for_dag(dag_id)
    numbers = [night.play(kind, hours_ago=0.2) for kind in KINDS]
    ended = "SELECT count(*) FROM telephony.events WHERE mnemonic = 'call_session_finished'"
    until(lambda: world.database.execute(ended).fetchone() == (len(numbers),), PATIENCE_SECONDS)
    hang(night, "GET", "/deal", nth=5)
    hang(night, "POST", "/callInfo/history", nth=1)
    for dag_id in (DEALS, CALLS):
        airflow.api.unpause(dag_id)
        airflow.api.trigger(dag_id)
    until(lambda: hanging(night), PATIENCE_SECONDS)
    assert world.database.execute("SELECT count(*) < 420 FROM megaplan_raw.deals").fetchone() == (True,)

    kill(airflow, worker)
    broker.restart()

    def all_are_missed() -> bool | None:
        let_minutes_pass(airflow)
        return None if airflow.ask("SELECT 1 FROM task_instance WHERE state = 'running'") else True

    airflow.api.wait("the end of the killed tasks", PATIENCE_SECONDS, all_are_missed)
    world.let_time_pass()  # nobody works on calls now
    start_worker(airflow)

    def all_runs_have_ended() -> bool | None:
        world.database.execute("UPDATE telephony.call_deliveries SET due_at = now() WHERE due_at > now()")
        states = {*airflow.api.run_states(DEALS), *airflow.api.run_states(CALLS)}
        return True if states <= {"success", "failed"} and not world.open_calls() else None

    airflow.api.wait("the end of all runs", PATIENCE_SECONDS, all_runs_have_ended)
    assert "failed" not in {*airflow.api.run_states(DEALS), *airflow.api.run_states(CALLS)}
    assert airflow.ask("SELECT 1 FROM task_instance WHERE try_number > 1"), (
        "the killed tasks were tried again"
    )
    assert_equal_to_megaplan(world.database, world.megaplan)
    assert sorted(int(call["providerId"]) for call in world.calls()) == sorted(numbers)
    for number in numbers:
        links = sorted(recording["link"] for recording in night.uis.truth(number)["recordings"])
        assert sorted(world.call(number)["recordLinks"]) == links
        assert world.states(number) == ("done", "done" if links else "none", "done")

    until(lambda: served_accounts(gateway) == 1, PATIENCE_SECONDS)
    second = {"conn_type": "megaplan", "host": "second.megaplan.ru", "login": "a", "password": "b"}
    airflow.api.add_connections({"megaplan_second": second})
    airflow.api.set_variable("megaplan_accounts", '["megaplan_default", "megaplan_second"]')
    until(lambda: served_accounts(gateway) == 2, PATIENCE_SECONDS)

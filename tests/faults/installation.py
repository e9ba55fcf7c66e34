"""What runs at a customer's: Airflow with LocalExecutor, gateways, Postgres. Whatever ends is started again."""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx
import psutil
import psycopg

from demo.airflow_api import AirflowApi
from demo.airflow_home import PASSWORD, USER
from demo.processes import Program, ProgramEndedError, free_port
from tests.integration.gateway.forked_gateways import GatewayForks, gateway_forks
from tests.integration.standing_airflow import StandingAirflow, standing_airflow
from tests.integration.telephony.test_postgres_restarts import crash_and_restart

DEALS, PUSH = "megaplan_deals_sync", "megaplan_calls_push"
PATIENCE_SECONDS = 300
_SETTINGS = {
    # who is silent for so long counts as dead: well above what a busy machine takes, and below the defaults
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "45",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "45",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "10",
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "120",
    "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
}
_POLICY = """\
from datetime import timedelta


def task_policy(task):
    task.retry_delay = timedelta(seconds=3)  # instead of a minute
"""
_COMMANDS = {
    "api-server": ["api-server"],
    "dag-processor": ["dag-processor"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}
_WORKER = "airflow worker -- LocalExecutor: "
"""Title of an executor's process, before the id of the task instance that it runs."""
_AT_WORK = """SELECT id::text FROM task_instance
WHERE state = 'running' AND task_id IN ('load_raw_tables', 'push_new_calls', 'push_calls')"""


class Task(NamedTuple):
    """A try of a task at work, and its processes: the executor's scheduler, its worker there, and its own."""

    id: str
    scheduler: int
    worker: int
    own: int


class Installation:
    """The running processes. Those of Airflow and the gateways are started again when they have ended."""

    def __init__(
        self, airflow: StandingAirflow, forks: GatewayForks, gateways: int, data_folder: Path
    ) -> None:
        self._airflow = airflow
        self._forks = forks
        self._data_folder = data_folder
        self.ports = [free_port(0) for _ in range(gateways)]
        self._gateways = [self._forks.start(port) for port in self.ports]
        self._parts = {name: [part] for name, part in zip(_COMMANDS, airflow.parts, strict=False)}
        self.api = AirflowApi(airflow.url, USER, PASSWORD, lambda: None)
        self.restarted: Counter[str] = Counter()
        self._seen: list[psutil.Process] = []
        self._is_over = threading.Event()
        self._keeper = threading.Thread(target=self._keep_running)  # what it starts ends with it

    def start(self, component: str) -> None:
        """Start one more component of Airflow."""
        self._parts.setdefault(component, []).append(self._airflow.start(*_COMMANDS[component]))

    def __enter__(self) -> "Installation":
        """From now on, start again what has ended."""
        self._keeper.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._keeper.join()
        self._airflow.stop()
        for process in self._seen:  # a task stays behind when its executor is killed
            with suppress(psutil.Error):
                process.kill()

    def part(self, component: str, place: int) -> Program:
        """Return one of the components of a kind."""
        parts = self._parts[component]
        return parts[place % len(parts)]

    def gateway(self, place: int) -> int:
        """Return the process of a gateway."""
        return self._gateways[place % len(self._gateways)]

    def wait_until_it_works(self) -> None:
        """Wait until a scheduler and all gateways work."""
        began = datetime.now(UTC)
        wait_until(lambda: self._has_heartbeat_since(began), PATIENCE_SECONDS)
        for port in self.ports:
            wait_until(lambda port=port: _is_ready(port), PATIENCE_SECONDS)

    def _keep_running(self) -> None:
        while not self._is_over.wait(1):
            self._restart()

    def _restart(self) -> None:
        """Start again what has ended, as a container's restart policy does."""
        for component, parts in self._parts.items():
            for place, part in enumerate(parts):
                try:
                    part.ensure_running()
                except ProgramEndedError:
                    self._airflow.kill(part)  # what it has left behind
                    parts[place] = self._airflow.start(*_COMMANDS[component])
                    self.restarted[component] += 1
        for place, port in enumerate(self.ports):
            if not Path(f"/proc/{self._gateways[place]}").exists():
                self._gateways[place] = self._forks.start(port)
                self.restarted["gateway"] += 1

    def _has_heartbeat_since(self, moment: datetime) -> bool:
        with suppress(psycopg.Error):
            heartbeats = (
                "SELECT latest_heartbeat FROM job WHERE job_type = 'SchedulerJob' AND state = 'running'"
            )
            return any(row[0] > moment for row in self._airflow.ask(heartbeats))
        return False

    def crash_postgres(self) -> None:
        """Kill the server of all databases without any cleanup, and start it again."""
        crash_and_restart(self._data_folder)

    def task_at_work(self, seconds: float = 120) -> Task | None:
        """Wait for a task that reads deals or delivers calls."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with suppress(psutil.Error, psycopg.Error):
                at_work = {row[0] for row in self._airflow.ask(_AT_WORK)}
                for scheduler in self._parts["scheduler"]:
                    for worker in psutil.Process(scheduler.pid).children():
                        task_id = " ".join(worker.cmdline()).strip().removeprefix(_WORKER)
                        if task_id in at_work and worker.children():
                            own = worker.children()[0]
                            self._seen += [own, worker]
                            return Task(task_id, scheduler.pid, worker.pid, own.pid)
            time.sleep(0.3)
        return None

    def is_given_up(self, task: Task) -> bool:
        """Tell whether Airflow has given up this try of a task: the next one has another id."""
        with suppress(psycopg.Error):
            return not self._airflow.ask(f"{_AT_WORK} AND id = '{task.id}'")
        return False

    def run_states(self, dag_id: str) -> list[str]:
        """Return the states of a DAG's runs, oldest first."""
        return [
            row[0]
            for row in self._airflow.ask(f"SELECT state FROM dag_run WHERE dag_id = '{dag_id}' ORDER BY id")
        ]

    def pause_dag(self, dag_id: str, is_paused: bool) -> None:
        """Pause a DAG, or let it run again."""
        self._airflow.change(f"UPDATE dag SET is_paused = {is_paused} WHERE dag_id = '{dag_id}'")


@contextmanager
def installation(
    postgres: str, data_folder: Path, folder: Path, *, gateways: int, parts: Sequence[str]
) -> Iterator[Installation]:
    """Run an installation with the connections of the environment.

    :param data_folder: of the Postgres server
    :param parts: components of Airflow besides the API server and the DAG processor
    """
    connections = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("AIRFLOW_CONN_", "AIRFLOW_VAR_"))
    }
    (folder / "config").mkdir()
    (folder / "config" / "airflow_local_settings.py").write_text(_POLICY)
    with (
        standing_airflow(postgres, folder, [DEALS, PUSH], connections, settings=_SETTINGS) as airflow,
        gateway_forks(folder / "gateways.log") as forks,
    ):
        running = Installation(airflow, forks, gateways, data_folder)
        for part in parts:
            running.start(part)
        with running:
            running.api.wait_until_up(PATIENCE_SECONDS)
            for dag_id in (DEALS, PUSH):
                running.api.wait_for_dag(dag_id, PATIENCE_SECONDS)
            running.wait_until_it_works()
            yield running


def wait_until(condition: Callable[[], object], seconds: float) -> None:
    """Wait until a condition is true, without taking the processor from what it waits for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.5)


def _is_ready(port: int) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/ready", trust_env=False).status_code == 200
    return False

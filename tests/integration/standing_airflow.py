"""A long-running Airflow of several components: a test may kill each of them, and start another."""

import itertools
import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from demo.airflow_api import AirflowApi
from demo.airflow_home import PASSWORD, REPOSITORY, USER, AirflowHome
from demo.processes import Program, free_port, running

from .databases import address_of, create_database, drop_database

HEARTBEAT_SECONDS = 1
DEAD_AFTER_SECONDS = 4
"""A triggerer without a heartbeat for so long is dead, and others take over its triggers."""
ADMIN = {USER: "admin"}
_SETTINGS = {
    # components start at the same time: on a busy machine a first import takes longer than the default 30 s
    "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "240",
    "AIRFLOW__DAG_PROCESSOR__DAG_FILE_PROCESSOR_TIMEOUT": "300",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": str(HEARTBEAT_SECONDS),
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": str(HEARTBEAT_SECONDS),
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": str(DEAD_AFTER_SECONDS),
}


class StandingAirflow:
    """An Airflow whose components are started one by one, and all stopped in the end."""

    def __init__(self, home: AirflowHome, environment: Mapping[str, str], metadata_uri: str) -> None:
        self._home = home
        self._environment = environment
        self.metadata_uri = metadata_uri
        self._numbers = itertools.count(1)
        self._programs = ExitStack()
        self.parts: list[Program] = []
        self.url = home.url
        self.api = AirflowApi(home.url, USER, PASSWORD, self.ensure_running)

    def migrate(self) -> None:
        """Create the metadata tables."""
        log = self._home.folder / "migrate.log"
        with log.open("wb") as output:
            done = subprocess.run(
                [sys.executable, "-m", "airflow", "db", "migrate"],
                env=self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode != 0:
            raise RuntimeError(f"airflow db migrate failed:\n{log.read_text()[-3000:]}")

    def start(self, *command: str) -> Program:
        """Start a component, such as ``scheduler``."""
        name = f"{command[0]}-{next(self._numbers)}"
        part = self._programs.enter_context(
            running(
                name,
                [sys.executable, "-m", "airflow", *command],
                self._home.folder / "parts" / f"{name}.log",
                self._environment,
            )
        )
        self.parts.append(part)
        return part

    def kill(self, part: Program) -> None:
        """Kill a component with signal 9."""
        self.parts.remove(part)
        part.kill()

    def ensure_running(self) -> None:
        """Raise if a component has ended unexpectedly."""
        for part in self.parts:
            part.ensure_running()

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """Query the metadata database."""
        with psycopg.connect(self.metadata_uri, autocommit=True) as connection:
            return connection.execute(question).fetchall()  # type: ignore[call-overload]

    def change(self, statement: str) -> None:
        """Change the metadata database."""
        with psycopg.connect(self.metadata_uri, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def alive(self, job_type: str) -> int:
        """Return how many components of a type, such as ``SchedulerJob``, have a recent heartbeat."""
        ((number,),) = self.ask(
            f"""SELECT count(*) FROM job WHERE job_type = '{job_type}' AND state = 'running'
            AND latest_heartbeat > now() - interval '{DEAD_AFTER_SECONDS} seconds'"""
        )
        return int(number)

    def stop(self) -> None:
        """Stop all components."""
        self._programs.close()


@contextmanager
def standing_airflow(
    postgres: str,
    folder: Path,
    dag_ids: Sequence[str],
    connections: Mapping[str, str],
    roles: Mapping[str, str] = ADMIN,
    *,
    parse_every_seconds: int = 600,
    settings: Mapping[str, str] | None = None,
) -> Iterator[StandingAirflow]:
    """Yield an Airflow with some of the project's DAGs, whose API server and DAG processor are starting.

    :param postgres: server for the metadata
    :param connections: as environment variables
    :param roles: by user; everybody's password is ``PASSWORD``
    :param parse_every_seconds: files that have not changed are parsed again only then; often takes a whole core
    :param settings: of Airflow, as environment variables
    """
    (folder / "dags").mkdir()
    for dag_id in dag_ids:
        shutil.copy(REPOSITORY / "dags" / f"{dag_id}.py", folder / "dags")
    (folder / "passwords.json").write_text(json.dumps(dict.fromkeys(roles, PASSWORD)))
    home = AirflowHome(folder, postgres, free_port(0))
    database = create_database(postgres)
    metadata_uri = address_of(postgres, database)
    environment = {
        **home.environment(connections),
        **_SETTINGS,
        "AIRFLOW__CORE__DAGS_FOLDER": str(folder / "dags"),
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": str(parse_every_seconds),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{user}:{role}" for user, role in roles.items()
        ),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),  # shared by all components
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata_uri.replace("postgresql://", "postgresql+psycopg://"),
        **(settings or {}),
    }
    airflow = StandingAirflow(home, environment, metadata_uri)
    try:
        airflow.migrate()
        airflow.start("api-server")
        airflow.start("dag-processor")
        yield airflow
    finally:
        airflow.stop()
        drop_database(postgres, database)

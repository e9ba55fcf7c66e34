"""Real DAG runs: ``airflow dags test`` in a separate process, with a metadata database in SQLite."""

import json
import os
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from tests.integration.warm_airflow import WarmAirflow

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class AirflowRun:
    """The results of a DAG run."""

    run_id: str
    state: str
    tries: dict[str, int]
    states: dict[str, str]
    output: str

    def error(self, task_id: str) -> str:
        """Return what the task's log says of its error before Airflow shows a trace, in one line."""
        tasks = re.split(r"^.*\[DAG TEST\] starting task_id=(\w+) .*$", self.output, flags=re.MULTILINE)
        texts = [text for name, text in zip(tasks[1::2], tasks[2::2], strict=True) if name == task_id]
        said, trace, _ = texts[-1].partition("Task failed with exception")
        if not trace:
            raise LookupError(f"{task_id} has not failed: {texts[-1]}")
        *_, last = re.split(r"^.*?\[error +\] ", said, flags=re.MULTILINE)[1:-1]
        return " ".join(last.split())


@dataclass
class TestedAirflow:
    """An Airflow whose home is ``folder``.

    :param environment: added to the current one for every run
    """

    __test__ = False
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    _warm: WarmAirflow | None = field(default=None, init=False)

    def migrate(self) -> None:
        """Create the metadata database."""
        self._airflow("db", "migrate", check=True)

    def dags_test(
        self,
        conf: Mapping[str, Any] | None = None,
        variables: Mapping[str, str] | None = None,
        dag_id: str = "megaplan_deals_sync",
    ) -> AirflowRun:
        """Run a DAG once.

        :param conf: its params
        :param variables: further environment variables
        """
        arguments = ["dags", "test", dag_id]
        if conf:
            arguments += ["--conf", json.dumps(conf)]
        output = self._airflow(*arguments, variables=variables)
        with (self.folder / "runs.log").open("a") as log:
            log.write(output)
        (run_id, state), *_ = self.query("SELECT run_id, state FROM dag_run ORDER BY id DESC LIMIT 1")
        instances = self.query(
            "SELECT task_id, try_number, state FROM task_instance WHERE run_id = ?", str(run_id)
        )
        tries = {str(task): int(number) for task, number, _ in instances}
        states = {str(task): str(end) for task, _, end in instances}
        return AirflowRun(str(run_id), str(state), tries, states, output)

    def asset_events(self, run: AirflowRun) -> dict[str, dict[str, Any]]:
        """Return the extras of a run's asset events, by asset; of those only that tables changed."""
        rows = self.query(
            "SELECT asset.name, event.extra FROM asset_event AS event JOIN asset ON asset.id = event.asset_id "
            "WHERE event.source_run_id = ? AND asset.uri NOT LIKE 'x-megaplan:%'",
            run.run_id,
        )
        return {str(name): json.loads(extra) for name, extra in rows}

    def query(self, statement: str, *values: str) -> list[tuple[Any, ...]]:
        """Query the metadata database."""
        with sqlite3.connect(self.folder / "airflow.db") as metadata:
            return metadata.execute(statement, values).fetchall()

    def written(self) -> str:
        """Return everything that all runs have logged, to the terminal and to files."""
        files = [path for path in self.folder.rglob("*.log") if path.is_file()]
        return "\n".join(path.read_text(errors="replace") for path in files)

    def _airflow(
        self, *arguments: str, variables: Mapping[str, str] | None = None, check: bool = False
    ) -> str:
        settings = {
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.folder}/airflow.db",
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
        environment = {**os.environ, **settings, **self.environment, **(variables or {})}
        if any(
            name.startswith("AIRFLOW__") for name in variables or {}
        ):  # these must be set before Airflow is imported
            code, output = WarmAirflow(self.folder, environment).run(arguments, environment)
        else:
            self._warm = self._warm or WarmAirflow(self.folder, environment)
            code, output = self._warm.run(arguments, environment)
        if check and code != 0:
            raise RuntimeError(f"airflow {' '.join(arguments)} failed:\n{output[-3000:]}")
        return output


def postgres_connection(database_uri: str, **changes: Any) -> dict[str, Any]:
    """Return the Airflow connection that points at a database of the embedded server."""
    socket = conninfo_to_dict(database_uri)
    described = {
        "conn_type": "postgres",
        "host": socket["host"],
        "login": socket["user"],
        "password": "",
        "schema": socket["dbname"],
    }
    return {**described, **changes}

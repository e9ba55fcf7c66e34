"""A home for an Airflow of its own: settings, metadata database, connections, one user."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

REPOSITORY = Path(__file__).resolve().parents[1]
USER, PASSWORD = "admin", "admin"


@dataclass(frozen=True)
class AirflowHome:
    """An Airflow in ``folder``.

    :param folder: everything it writes goes here
    :param postgres_uri: a server; the metadata go into its database ``airflow``, the raw tables into ``megaplan``
    :param port: of the web interface at 127.0.0.1
    """

    folder: Path
    postgres_uri: str
    port: int

    @property
    def url(self) -> str:
        """Address of the web interface."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def raw_database_uri(self) -> str:
        """Address of the database of the raw tables."""
        return self.postgres_uri.replace("/postgres?", "/megaplan?")

    def environment(self) -> dict[str, str]:
        """Return the environment in which ``airflow`` commands run."""
        metadata = self.postgres_uri.replace("/postgres?", "/airflow?")
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}",
            "AIRFLOW_HOME": str(self.folder),
            "AIRFLOW__CORE__DAGS_FOLDER": str(REPOSITORY / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPOSITORY / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{USER}:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(self.folder / "passwords.json"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata.replace("postgresql://", "postgresql+psycopg://"),
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def prepare(self, megaplan: dict[str, Any]) -> None:
        """Create databases, metadata tables, the user and the two connections.

        :param megaplan: the connection ``megaplan_default`` as Airflow exports it
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with psycopg.connect(self.postgres_uri, autocommit=True) as connection:
            for name in ("airflow", "megaplan"):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        (self.folder / "passwords.json").write_text(json.dumps({USER: PASSWORD}))
        self._airflow("db", "migrate")
        socket = psycopg.conninfo.conninfo_to_dict(self.raw_database_uri)
        connections = {
            "megaplan_default": megaplan,
            "megaplan_postgres": {
                "conn_type": "postgres",
                "host": socket["host"],
                "login": socket["user"],
                "password": "",
                "schema": socket["dbname"],
                "description": "Raw tables: the embedded PostgreSQL of the demo",
            },
        }
        exported = self.folder / "connections.json"
        exported.write_text(json.dumps(connections))
        self._airflow("connections", "import", str(exported), "--overwrite")
        exported.unlink()

    def _airflow(self, *arguments: str) -> None:
        log = self.folder / "prepare.log"
        with log.open("ab") as output:
            code = subprocess.run(
                [sys.executable, "-m", "airflow", *arguments],
                env=self.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            ).returncode
        if code != 0:
            raise RuntimeError(f"airflow {' '.join(arguments[:2])} failed with code {code}: see {log}")

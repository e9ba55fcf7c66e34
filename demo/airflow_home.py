"""The home of a separate Airflow: settings, metadata database, one user."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from demo.processes import free_port

REPOSITORY = Path(__file__).resolve().parents[1]
USER, PASSWORD = "admin", "admin"


@dataclass(frozen=True)
class AirflowHome:
    """An Airflow in ``folder``.

    :param folder: for everything that it writes
    :param postgres_uri: of a server; the metadata are in its database ``airflow``, the raw tables in ``megaplan``
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
        """Address of the raw tables' database."""
        return self.postgres_uri.replace("/postgres?", "/megaplan?")

    def environment(self, connections: Mapping[str, str]) -> dict[str, str]:
        """Return the environment in which ``airflow`` commands run.

        :param connections: environment variables with the connections
        """
        metadata = self.postgres_uri.replace("/postgres?", "/airflow?")
        # not the caller's own Airflow, least of all its connections
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        return {
            **inherited,
            **connections,
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
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port(8793)),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port(8794)),
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def prepare(self) -> None:
        """Create the databases and the user. ``airflow standalone`` creates the metadata tables."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with psycopg.connect(self.postgres_uri, autocommit=True) as connection:
            for name in ("airflow", "megaplan"):
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        (self.folder / "passwords.json").write_text(json.dumps({USER: PASSWORD}))

    def raw_connection(self) -> dict[str, Any]:
        """Return the connection ``megaplan_postgres`` in Airflow's JSON format."""
        address = psycopg.conninfo.conninfo_to_dict(self.raw_database_uri)
        return {
            "conn_type": "postgres",
            "host": address["host"],
            "port": int(address.get("port") or 5432),
            "login": address["user"],
            "schema": address["dbname"],
            "description": "Raw tables: the embedded PostgreSQL of the demo",
        }

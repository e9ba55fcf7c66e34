"""Fixtures: an embedded PostgreSQL, a fresh database for each test, the emulated Megaplan."""

import json
import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from demo.embedded_postgres import embedded_postgres
from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan
from demo.processes import free_port
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.schema import prepare_raw_schema
from tests.integration.airflow_runs import TestedAirflow
from tests.integration.databases import (
    EMPTY,
    address_of,
    create_database,
    create_loaded_database,
    create_prepared_database,
    drop_database,
)
from tests.integration.server_folder import server_folder

DEALS = 420
UNHURRIED = {"requests_per_second": 1000, "requests_per_hour": 1_000_000}
"""Settings that keep tests from waiting for the request budget."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Address of a running server: the one in ``TEST_POSTGRES``, or else an embedded one.

    Its folder is not pytest's: run by root, the server belongs to another user, whom the next pytest on the machine
    would lock out of that folder. It is in memory if possible: each test's database has some hundred files.
    """
    if address := os.environ.get("TEST_POSTGRES"):
        yield address
        return
    with server_folder() as folder, embedded_postgres(folder / "data") as uri:
        with psycopg.connect(uri, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")  # nothing here must survive a crash
            connection.execute("ALTER SYSTEM SET max_wal_size = '128MB'")
            connection.execute("SELECT pg_reload_conf()")
        yield uri


@pytest.fixture
def template() -> str:
    """Name of the database that each test gets a copy of; override it for tests that start with tables."""
    return EMPTY


@pytest.fixture(scope="session")
def prepared_template(postgres: str) -> str:
    """Name of a database with all tables, which are empty."""
    return create_prepared_database(postgres)


@pytest.fixture
def database_uri(postgres: str, template: str) -> Iterator[str]:
    """Address of the test's own database."""
    name = create_database(postgres, template)
    yield address_of(postgres, name)
    drop_database(postgres, name)


@pytest.fixture
def database(database_uri: str) -> Iterator[Session]:
    """A session in the test's database, as the syncs use it."""
    with Session.open(database_uri) as session:
        yield session


@pytest.fixture(scope="session")
def running_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedMegaplan]:
    """One emulator for all tests; use ``megaplan``, which resets it."""
    log = tmp_path_factory.mktemp("emulator") / "megaplan.log"
    with emulated_megaplan(free_port(0), DEALS, log, ["--knob", "rps=0", "--knob", "rph=0"]) as emulator:
        yield emulator


@pytest.fixture
def megaplan(running_emulator: EmulatedMegaplan) -> EmulatedMegaplan:
    """The emulated account in its seeded state."""
    running_emulator.control("reset", {})
    return running_emulator


@pytest.fixture(scope="session")
def loaded_template(postgres: str, running_emulator: EmulatedMegaplan) -> str:
    """Name of a database into which the seeded account is loaded."""
    running_emulator.control("reset", {})
    return create_loaded_database(postgres, running_emulator.connection(**UNHURRIED))


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch, megaplan: EmulatedMegaplan) -> Callable[..., str]:
    """Create an Airflow connection to the emulator and return its id; keyword arguments are settings."""

    def make(conn_id: str = "megaplan_default", **settings: Any) -> str:
        described = megaplan.connection(**{**UNHURRIED, **settings})
        monkeypatch.setenv(f"AIRFLOW_CONN_{conn_id.upper()}", json.dumps(described))
        return conn_id

    return make


@pytest.fixture
def sync(database_uri: str, connect: Callable[..., str]) -> Callable[..., dict[str, EntityOutcome]]:
    """Update the raw tables as the DAG's task does; return the outcome of each entity.

    There are no waits between tries; keyword arguments are settings of the connection.
    """

    def run(
        *entities: str, full_refresh: bool = False, run_id: str | None = None, **settings: Any
    ) -> dict[str, EntityOutcome]:
        hook = MegaplanHook(connect(**settings), sleep=lambda seconds: None)
        with Session.open(database_uri) as connection:
            prepare_raw_schema(connection)
            account = AccountSync(hook, connection, run_id=run_id or uuid4().hex)
            outcomes = account.run(entities, full_refresh=full_refresh)
        return {outcome.entity: outcome for outcome in outcomes}

    return run


def list_requests(megaplan: EmulatedMegaplan, path: str) -> list[dict[str, Any]]:
    """Return the logged requests to exactly one route, such as ``/deal``."""
    return [entry for entry in megaplan.control("requests") if entry["path"] == f"/api/v3{path}"]


@pytest.fixture(scope="module")
def migrated_airflow(tmp_path_factory: pytest.TempPathFactory) -> TestedAirflow:
    """An Airflow with its own database, for the runs of one module."""
    airflow = TestedAirflow(tmp_path_factory.mktemp("airflow"))
    airflow.migrate()
    return airflow

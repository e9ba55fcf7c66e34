"""Postgres crashes in the middle of a push and is restarted: no call is lost or duplicated."""

import signal
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from demo.embedded_postgres import embedded_postgres, postgres_server
from tests.emulators.uis_client import Client

from ..databases import create_prepared_database
from ..server_folder import server_folder
from .push_world import ALL_DONE, PushWorld
from .test_push_crashes import a_push_that_loses_postgres, add_calls, assert_exactly_once

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]


@pytest.fixture(scope="module")
def data_folder() -> Iterator[Path]:
    with server_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="module")
def postgres(data_folder: Path) -> Iterator[str]:
    """A server of this module's own."""
    with embedded_postgres(data_folder) as uri:
        yield uri


@pytest.fixture(scope="module")
def prepared_template(postgres: str) -> str:
    """Name of a database that has all tables, on that server."""
    return create_prepared_database(postgres)


def crash_and_restart(data_folder: Path) -> None:
    """Kill the server without any cleanup, and start it again."""
    server = postgres_server.get_server(data_folder)
    process = server.get_postmaster_info().process
    process.send_signal(signal.SIGQUIT)
    process.wait(20)
    server.ensure_postgres_running()


@pytest.mark.parametrize("path", ["/callInfo/history", "/todo"])
def test_postgres_crashes_while_a_request_is_in_flight(
    world: PushWorld, uis: Client, data_folder: Path, path: str
) -> None:
    add_calls(world, uis)
    world.fault("slow", path=path, method="POST", seconds=2.0)
    with a_push_that_loses_postgres(world, path):
        crash_and_restart(data_folder)
    with psycopg.connect(world.uri, autocommit=True) as world.database:
        world.push_until_quiet(**ALL_DONE)
        assert_exactly_once(world)

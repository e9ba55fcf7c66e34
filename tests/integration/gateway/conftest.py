"""A gateway with an empty database and an emulated Megaplan; UIS's address is unreachable."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from tests.emulators.uis_client import Client

from .call_world import ANNA, OLGA, PETER, CallWorld
from .served import ServedGateway, served, set_connections


@pytest.fixture
def template(prepared_template: str) -> str:
    """Tests in this folder start with all tables, empty."""
    return prepared_template


@pytest.fixture
def tables(database: Connection[Any]) -> Connection[Any]:
    """A database with all tables, empty."""
    return database


@pytest.fixture
def connections(
    monkeypatch: pytest.MonkeyPatch,
    database_uri: str,
    connect: Callable[..., str],
    megaplan: EmulatedMegaplan,
) -> str:
    """The connections in the environment; returns the account's name."""
    set_connections(monkeypatch, database_uri, connect, "http://127.0.0.1:9")
    return f"127.0.0.1:{megaplan.port}"


@pytest.fixture
def gateway(connections: str, tables: Connection[Any]) -> Iterator[ServedGateway]:
    """A running gateway."""
    with served(connections) as running:
        yield running


@pytest.fixture
def call_world(
    monkeypatch: pytest.MonkeyPatch,
    tables: Connection[Any],
    database_uri: str,
    connect: Callable[..., str],
    megaplan: EmulatedMegaplan,
    uis: Client,
) -> CallWorld:
    """Both emulated vendors; UIS's clock is set to now and advanced by the test."""
    uis.control("clock", {"time": time.time()})
    set_connections(monkeypatch, database_uri, connect, uis.url)
    call_world = CallWorld(tables, database_uri, megaplan, uis, f"127.0.0.1:{megaplan.port}")
    call_world.add_telephony_users(ANNA, PETER, OLGA)
    megaplan.control("popups", method="DELETE")
    megaplan.control("requests", method="DELETE")
    return call_world


@pytest.fixture
def running_gateway(call_world: CallWorld) -> Iterator[ServedGateway]:
    """A gateway that receives the notifications of ``call_world``."""
    with served(call_world.account) as running:
        call_world.notify(running)
        yield running

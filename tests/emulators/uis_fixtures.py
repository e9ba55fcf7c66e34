"""A running UIS emulator; test modules name this file in ``pytest_plugins``."""

import threading
from collections.abc import Iterator

import pytest
import requests

from emulators.uis.account import Account
from emulators.uis.knobs import Knobs
from emulators.uis.server import Server
from tests.emulators.uis_client import Client, Receiver


@pytest.fixture(scope="session")
def uis_url() -> Iterator[str]:
    """Run an account of ten employees on a free port, with points for everybody."""
    server = Server(Account(seed=1, employees=10, knobs=Knobs(day_limit=0, minute_limit=0)))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.url
    server.stop()
    thread.join(timeout=10)


@pytest.fixture
def uis(uis_url: str) -> Iterator[Client]:
    """Give the account as it was seeded, its clock standing at 2026-01-15 10:00:00 in Moscow."""
    requests.post(f"{uis_url}/_control/reset", timeout=10).raise_for_status()
    client = Client(uis_url)
    client.control("clock", {"frozen": True, "time": "2026-01-15 10:00:00"})
    yield client
    client.session.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a server that notifications and interactive requests can be sent to."""
    server = Receiver()
    yield server
    server.close()

"""A running emulator."""

import threading
from collections.abc import Iterator

import pytest

from emulators.megaplan.account import Account
from emulators.megaplan.knobs import Knobs
from emulators.megaplan.server import Server
from tests.emulators.megaplan_client import Client, reset


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """Run an account of 250 deals without request limits on a free port."""
    server = Server(Account(seed=1, deals=250, contacts=100, knobs=Knobs(rps=0, rph=0)))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield server.url
    server.stop()
    thread.join(timeout=10)


@pytest.fixture
def megaplan(server_url: str) -> Iterator[Client]:
    """Give the account as it was seeded, to somebody who has logged in."""
    reset(server_url)
    client = Client(server_url)
    yield client
    client.session.close()

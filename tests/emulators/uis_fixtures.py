"""A running UIS emulator; test modules name this file in ``pytest_plugins``."""

import threading
from collections.abc import Iterator

import pytest
import requests

from emulators.uis.account import Account
from emulators.uis.knobs import Knobs
from emulators.uis.server import Server
from tests.emulators.uis_client import Client, Receiver
from tests.emulators.uis_deals import STAGES


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
def funnel(uis: Client) -> Client:
    """Give an account with a funnel, an employee, two contacts and two user fields."""
    uis.data("create.sales_funnel", ext_id="f1", name="Продажи", stages=STAGES)
    uis.data("create.deal_employees", ext_id="e1", name="Иванова Анна")
    contacts = [
        {
            "ext_id": "c1",
            "name": "Пётр Смирнов",
            "phone_numbers": ["79005550001"],
            "emails": ["p@example.test"],
        },
        {"ext_id": "c2", "name": "Ольга Попова"},
    ]
    uis.data("create.deal_contacts", contacts=contacts)
    uis.data("create.deal_user_field", ext_id="currency", name="Валюта", data_type="string")
    uis.data("create.deal_user_field", ext_id="rate", name="Курс", data_type="numeric")
    return uis


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Give a server that notifications and interactive requests can be sent to."""
    server = Receiver()
    yield server
    server.close()

"""An emulated cabinet and hooks that speak with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.emulator_process import emulator_process
from uis_hook.client import UisClient
from uis_hook.hook import UisHook
from uis_hook.points import LocalPoints

from .emulated_cabinet import TOKEN, Emulator, MakeClient, SteeredClock


@pytest.fixture(scope="package")
def running() -> Iterator[Emulator]:
    with emulator_process("uis", "--employees", "10") as url:
        yield Emulator(url)


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    """The account as it is at first, its clock standing still."""
    running.control("faults", method="DELETE")
    running.control("reset", {})
    running.control("requests", method="DELETE")
    running.control("clock", {"frozen": True})
    running.control("knobs", running.first_knobs)
    return running


@pytest.fixture
def clock(emulator: Emulator) -> SteeredClock:
    """The clock of the hooks; nobody really sleeps."""
    return SteeredClock(emulator)


@pytest.fixture
def hook(emulator: Emulator, make_client: MakeClient) -> UisHook:
    """The hook of the emulated account's connection."""
    make_client()
    return UisHook()


@pytest.fixture
def make_client(
    emulator: Emulator, clock: SteeredClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[MakeClient]:
    clients: list[UisClient] = []

    def make(extra: dict[str, Any] | None = None, **fields: Any) -> UisClient:
        settings = {"access_token": TOKEN, "virtual_phone_number": "74950000001", **(extra or {})}
        connection = {"conn_type": "uis", "host": emulator.url, "extra": settings, **fields}
        monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(connection))
        clients.append(UisHook(points=LocalPoints(90, clock, clock.sleep), sleep=clock.sleep).client)
        return clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(make_client: MakeClient) -> UisClient:
    return make_client()

"""An emulated cabinet and hooks that speak with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.emulator_process import emulator_process
from uis_hook.hook import UisHook
from uis_hook.points import LocalPoints

from .emulated_cabinet import TOKEN, Emulator, MakeHook, SteeredClock


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
def make_hook(emulator: Emulator, clock: SteeredClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeHook]:
    hooks: list[UisHook] = []

    def make(extra: dict[str, Any] | None = None, **fields: Any) -> UisHook:
        settings = {"access_token": TOKEN, "virtual_phone_number": "74950000001", **(extra or {})}
        connection = {"conn_type": "uis", "host": emulator.url, "extra": settings, **fields}
        monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(connection))
        hooks.append(UisHook(points=LocalPoints(90, clock, clock.sleep), sleep=clock.sleep))
        return hooks[-1]

    yield make
    for hook in hooks:
        hook.close()


@pytest.fixture
def hook(make_hook: MakeHook) -> UisHook:
    return make_hook()

"""Fixtures: a UIS that answers as told, and hooks that speak with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk import Connection

from tests.unit.uis_hook.fake_uis import FakeUis
from uis_hook.call_control import start_employee_call
from uis_hook.client import UisClient
from uis_hook.exceptions import UisSettingError
from uis_hook.hook import UisHook
from uis_hook.jsonrpc import Api, Request
from uis_hook.limits import Limits
from uis_hook.points import PointsBudget
from uis_hook.settings import UisSettings

TOKEN = "secret-token"
PASSWORD = "secret-password"
MakeHook = Callable[..., UisHook]
MakeClient = Callable[..., UisClient]
START = datetime(2026, 1, 1, tzinfo=UTC)


def call(**changes: Any) -> Request[int]:
    """Ask for a call to a client."""
    asked = {
        "employee_id": 501,
        "contact": "+7 900 000-00-01",
        "external_id": "mp-call-55",
        "virtual_phone_number": "74950000001",
    }
    return start_employee_call(**{**asked, **changes})


def settings(**extra: Any) -> UisSettings:
    """Return the settings of a connection that says just this."""
    text = json.dumps({"access_token": TOKEN, **extra})
    return UisSettings.from_connection(Connection(conn_id="uis_x", conn_type="uis", extra=text))


class FreePoints:
    """Lets everything pass and remembers what it was told."""

    def __init__(self) -> None:
        self.acquired: list[tuple[str, str, int]] = []
        self.observed: list[tuple[str, Limits]] = []
        self.backed_off: list[tuple[str, float]] = []

    def acquire(self, api: Api, method: str, points: int) -> None:
        self.acquired.append((api, method, points))

    def observe(self, api: Api, limits: Limits) -> None:
        self.observed.append((api, limits))

    def back_off(self, api: Api, seconds: float) -> None:
        self.backed_off.append((api, seconds))


@pytest.fixture
def uis() -> Iterator[FakeUis]:
    fake = FakeUis()
    yield fake
    fake.close()


@pytest.fixture
def points() -> FreePoints:
    return FreePoints()


@pytest.fixture
def sleeps() -> list[float]:
    """How long the hook has waited between tries; nobody really sleeps."""
    return []


@pytest.fixture
def make_hook(
    uis: FakeUis, points: FreePoints, sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., UisHook]]:
    """Make a hook; ``budget=None`` gives it its own, ``extra`` are settings."""
    hooks: list[UisHook] = []

    def make(
        extra: dict[str, Any] | None = None, *, budget: PointsBudget | None = points, **fields: Any
    ) -> UisHook:
        settings = {"access_token": TOKEN, "virtual_phone_number": "74950000001", **(extra or {})}
        connection = {"conn_type": "uis", "host": uis.url, "extra": settings, **fields}
        monkeypatch.setenv("AIRFLOW_CONN_UIS_TEST", json.dumps(connection))
        hooks.append(UisHook("uis_test", points=budget, sleep=sleeps.append))
        return hooks[-1]

    yield make
    for hook in hooks:
        with suppress(UisSettingError):
            hook.client.close()


@pytest.fixture
def hook(make_hook: MakeHook) -> UisHook:
    return make_hook()


@pytest.fixture
def make_client(make_hook: MakeHook) -> MakeClient:
    return lambda *args, **fields: make_hook(*args, **fields).client


@pytest.fixture
def client(hook: UisHook) -> UisClient:
    return hook.client

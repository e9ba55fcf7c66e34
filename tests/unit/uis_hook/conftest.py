"""Fixtures: a UIS that answers as told, and hooks that speak with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.unit.uis_hook.fake_uis import FakeUis
from uis_hook.hook import UisHook
from uis_hook.jsonrpc import Api
from uis_hook.limits import Limits

TOKEN = "secret-token"
PASSWORD = "secret-password"
MakeHook = Callable[..., UisHook]
START = datetime(2026, 1, 1, tzinfo=UTC)
CALL: dict[str, Any] = {"employee_id": 501, "contact": "+7 900 000-00-01", "external_id": "mp-call-55"}


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
    """Make a hook; ``own_points=True`` gives it its own budget, ``extra`` are settings."""
    hooks: list[UisHook] = []

    def make(extra: dict[str, Any] | None = None, *, own_points: bool = False, **fields: Any) -> UisHook:
        settings = {"access_token": TOKEN, "virtual_phone_number": "74950000001", **(extra or {})}
        connection = {"conn_type": "uis", "host": uis.url, "extra": settings, **fields}
        monkeypatch.setenv("AIRFLOW_CONN_UIS_TEST", json.dumps(connection))
        hooks.append(UisHook("uis_test", points=None if own_points else points, sleep=sleeps.append))
        return hooks[-1]

    yield make
    for hook in hooks:
        hook.close()


@pytest.fixture
def hook(make_hook: Callable[..., UisHook]) -> UisHook:
    return make_hook()

"""Fixtures: a Megaplan that answers as told, and hooks that speak with it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from megaplan_hook.exceptions import MegaplanSettingError
from megaplan_hook.hook import MegaplanHook
from tests.unit.megaplan_hook.fake_server import FakeMegaplan

PASSWORD = "secret-password"


class FreeBudget:
    """Lets everything pass and remembers what it was told."""

    def __init__(self) -> None:
        self.acquired = 0
        self.backed_off: list[float] = []

    def acquire(self) -> None:
        self.acquired += 1

    def back_off(self, seconds: float) -> None:
        self.backed_off.append(seconds)

    def remaining(self) -> int | None:
        return None


@pytest.fixture
def megaplan() -> Iterator[FakeMegaplan]:
    fake = FakeMegaplan()
    yield fake
    fake.close()


@pytest.fixture
def budget() -> FreeBudget:
    return FreeBudget()


@pytest.fixture
def sleeps() -> list[float]:
    """How long the hook has waited between tries; nobody really sleeps."""
    return []


@pytest.fixture
def make_hook(
    megaplan: FakeMegaplan, budget: FreeBudget, sleeps: list[float], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., MegaplanHook]]:
    hooks: list[MegaplanHook] = []

    def make(extra: dict[str, Any] | None = None, **fields: Any) -> MegaplanHook:
        connection = {
            "conn_type": "megaplan",
            "host": megaplan.url,
            "login": "robot@example.org",
            "password": PASSWORD,
            "extra": extra or {},
            **fields,
        }
        monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_TEST", json.dumps(connection))
        hooks.append(MegaplanHook("megaplan_test", budget=budget, sleep=sleeps.append))
        return hooks[-1]

    yield make
    for hook in hooks:
        with suppress(MegaplanSettingError):
            hook.get_conn().close()


@pytest.fixture
def hook(make_hook: Callable[..., MegaplanHook]) -> MegaplanHook:
    return make_hook()

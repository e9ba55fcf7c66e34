"""What the tests of UIS's hook need of an emulated cabinet: its control, and its time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import requests

from uis_hook.client import UisClient

TOKEN = "uis-demo-token"
CONTACT = "79000000001"
MakeClient = Callable[..., UisClient]


class Emulator:
    """Steers the emulated account behind the APIs' back."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.first_knobs = self.control("knobs")

    def control(self, path: str, body: Any = None, method: str | None = None) -> Any:
        method = method or ("GET" if body is None else "POST")
        answer = requests.request(method, f"{self.url}/_control/{path}", json=body, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def requests(self, method: str) -> list[dict[str, Any]]:
        return [entry for entry in self.control("requests") if entry["method"] == method]

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.control("clock")["timestamp"], UTC)


class SteeredClock:
    """Sleeping moves the emulated account's time, too."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        self.emulator.control("clock", {"advance": seconds})

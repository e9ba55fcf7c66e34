"""The gateway keeps what it has read while Postgres is away, and waits for nobody."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from psycopg import OperationalError

from megaplan_gateway.accounts import seen_settings
from megaplan_gateway.accounts.seen_settings import SeenSettings
from megaplan_sync.kernel.exceptions import MissingConnectionError

JSON = {("demo", "megaplan"): {"vendor_quirks.token_body": "json"}}


class Postgres:
    """What reading gives: values, an error, or nothing until somebody lets go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.values: dict[tuple[str, str], dict[str, Any]] = JSON
        self.error: Exception | None = None
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.reads = 0
        monkeypatch.setattr(seen_settings, "Session", self)
        monkeypatch.setattr(seen_settings, "all_seen_settings", lambda session: self.values)

    @contextmanager
    def open(self, address: str) -> Iterator[None]:
        self.reads += 1
        self.may_answer.wait(60)
        if self.error is not None:
            raise self.error
        yield


@pytest.fixture
def postgres(monkeypatch: pytest.MonkeyPatch) -> Postgres:
    return Postgres(monkeypatch)


def test_it_is_read_now_and_then(postgres: Postgres) -> None:
    now = [0.0]
    seen = SeenSettings(lambda: "dbname=crm", lambda: now[0])
    for now[0] in (0.0, 1.0, 29.0, 31.0):
        seen.refresh()
    assert postgres.reads == 2
    assert seen.of("demo", "megaplan") == {"vendor_quirks.token_body": "json"}
    assert seen.of("demo", "uis") == {}


def test_another_database_is_read_at_once(postgres: Postgres) -> None:
    addresses = iter(["dbname=crm", "dbname=other"])
    seen = SeenSettings(lambda: next(addresses), lambda: 0.0)
    seen.refresh()
    postgres.values = {}
    seen.refresh()
    assert seen.of("demo", "megaplan") == {}


def test_it_is_kept_while_postgres_is_away(postgres: Postgres) -> None:
    now = [0.0]
    seen = SeenSettings(lambda: "dbname=crm", lambda: now[0])
    seen.refresh()
    postgres.error, now[0] = OperationalError("connection refused"), 100.0
    seen.refresh()
    assert seen.of("demo", "megaplan") == {"vendor_quirks.token_body": "json"}


def test_a_silent_postgres_keeps_nobody_waiting(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seen_settings, "LONGEST_READ_SECONDS", 0.01)
    postgres.may_answer.clear()
    seen = SeenSettings(lambda: "dbname=crm")
    seen.refresh()
    seen.refresh()
    assert (postgres.reads, seen.of("demo", "megaplan")) == (1, {})
    postgres.may_answer.set()


def test_without_a_connection_nothing_is_read(postgres: Postgres) -> None:
    def address() -> str:
        raise MissingConnectionError("megaplan_postgres", "postgres")

    SeenSettings(address).refresh()
    assert postgres.reads == 0

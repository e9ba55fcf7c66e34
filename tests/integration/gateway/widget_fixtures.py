"""Fixtures of the widget tests; test modules list this file in ``pytest_plugins``."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_gateway.options import Options
from tests.emulators.uis_client import TOKEN
from tests.emulators.uis_client import Client as Uis
from tests.integration.gateway.served import served, set_connections
from tests.integration.gateway.widget_world import WidgetWorld, fill_users


@pytest.fixture
def serve(
    monkeypatch: pytest.MonkeyPatch,
    database_uri: str,
    connect: Callable[..., str],
    megaplan: EmulatedMegaplan,
    uis: Uis,
    tables: Connection[Any],
) -> Callable[..., Any]:
    """Return a function that serves a gateway; keyword arguments are settings of the Megaplan connection."""
    account = f"127.0.0.1:{megaplan.port}"
    fill_users(tables, account, uis.data("get.statuses"))
    uis.control("requests", method="DELETE")
    uis.control("clock", {"frozen": False, "time": time.time()})  # old calls get no pop-ups

    def make(
        options: Options | None = None,
        uis_settings: dict[str, Any] | None = None,
        port: int = 0,
        **settings: Any,
    ) -> Any:
        settings = {"application_uuid": "demo-application", **settings}
        uis_extra = {"access_token": TOKEN, "virtual_phone_number": "74950000001", **(uis_settings or {})}
        set_connections(monkeypatch, database_uri, connect, uis.url, uis=uis_extra, **settings)
        return served(account, options or Options(status_poll_seconds=0.3), port)

    return make


@pytest.fixture
def world(
    serve: Callable[..., Any], megaplan: EmulatedMegaplan, uis: Uis, tables: Connection[Any]
) -> Iterator[WidgetWorld]:
    """A running gateway with both emulated vendors."""
    with serve() as gateway:
        yield WidgetWorld(gateway, megaplan, uis, tables)

"""A gateway running in a thread of the test process."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from psycopg.conninfo import conninfo_to_dict

from megaplan_gateway.accounts.airflow_connections import read_accounts, read_postgres_address
from megaplan_gateway.app import build_app
from megaplan_gateway.http.server import Server
from megaplan_gateway.options import Options
from megaplan_gateway.service import Gateway
from tests.emulators.uis_client import TOKEN

MEGAPLAN_SECRET = "megaplan-secret-5d1f0c6be1"
UIS_SECRET = "uis-secret-a3b94c7718"


class ServedGateway:
    """A running gateway and an HTTP client for it."""

    def __init__(self, gateway: Gateway, server: Server, account: str) -> None:
        self.gateway = gateway
        self.url = server.url
        self.account = account
        self.client = httpx.Client(base_url=server.url, trust_env=False, timeout=20)

    def path(self, route: str, secret: str = UIS_SECRET, account: str | None = None) -> str:
        """Return the path of a route below account and secret."""
        return f"/{account or self.account}/{secret}{route}"

    def notify(self, body: Any, **headers: str) -> httpx.Response:
        """Send a UIS notification as JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(self.path("/uis"), content=content, headers=headers)


@contextmanager
def served(account: str, options: Options | None = None, port: int = 0) -> Iterator[ServedGateway]:
    """Serve the accounts of the environment's connections inside the block."""
    gateway = Gateway(read_postgres_address(), read_accounts, options)
    server = Server(build_app(gateway), port=port)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until = time.monotonic() + 20
        while not server.has_started:
            if time.monotonic() > until or not thread.is_alive():
                raise RuntimeError("the gateway does not start")
            time.sleep(0.01)
        running = ServedGateway(gateway, server, account)
        yield running
        running.client.close()
    finally:
        server.stop()
        thread.join(timeout=20)


def postgres_connection(uri: str) -> dict[str, Any]:
    """Return the Airflow connection to a database."""
    where = conninfo_to_dict(uri)
    return {
        "conn_type": "postgres",
        "host": where.get("host"),
        "login": where.get("user"),
        "schema": where.get("dbname"),
        "port": int(where.get("port") or 5432),
    }


def set_connections(
    monkeypatch: pytest.MonkeyPatch,
    database_uri: str,
    connect: Callable[..., str],
    uis_url: str,
    **settings: Any,
) -> None:
    """Set the three connections in the environment."""
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    uis = {
        "conn_type": "uis",
        "host": uis_url,
        "extra": {"access_token": TOKEN, "webhook_secret": UIS_SECRET, **settings.pop("uis", {})},
    }
    monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(uis))
    monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", '["megaplan_default"]')
    defaults = {"telephony_active": True, "uis_conn_id": "uis_default", "webhook_secret": MEGAPLAN_SECRET}
    connect(**{**defaults, **settings})

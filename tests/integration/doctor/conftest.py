"""An account where everything works: both emulated sides, tables, a gateway, an application."""

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.doctor.examination import examine
from megaplan_sync.doctor.finding import Finding
from tests.emulators.uis_client import Client
from tests.integration.gateway.served import MEGAPLAN_SECRET, ServedGateway, served, set_connections

STREAMS = ["deals", "contractors", "employees"]


@pytest.fixture
def template(prepared_template: str) -> str:
    """Start with tables."""
    return prepared_template


@dataclass
class DoctorWorld:
    """An account where everything works: both emulated sides, tables, a gateway, an application."""

    monkeypatch: pytest.MonkeyPatch
    database_uri: str
    connect: Callable[..., str]
    megaplan: EmulatedMegaplan
    uis: Client
    gateway: ServedGateway
    postgres: str
    folder: Path
    megaplan_secret: str = MEGAPLAN_SECRET

    def connections(self, **settings: Any) -> None:
        given = {"gateway_url": self.gateway.url, "application_uuid": "demo-application"}
        cabinet = {"virtual_phone_number": "74950000001", **settings.pop("uis", {})}
        set_connections(
            self.monkeypatch,
            self.database_uri,
            self.connect,
            self.uis.url,
            uis=cabinet,
            **{**given, **settings},
        )

    def application(self, **fields: Any) -> None:
        requests.put(
            f"{self.megaplan.url}/api/v3/integration/demo-application",
            json=fields,
            headers={"Authorization": "Bearer demo-app-token"},
            timeout=10,
        ).raise_for_status()

    def edit(self, conn_id: str, **fields: Any) -> None:
        """Change columns of a connection, such as its password; those of Extra are settings."""
        name = f"AIRFLOW_CONN_{conn_id.upper()}"
        self.monkeypatch.setenv(name, json.dumps({**json.loads(os.environ[name]), **fields}))

    def examine(self) -> list[Finding]:
        return examine("megaplan_default")

    def forget_internal_numbers(self) -> None:
        token = {"Authorization": "Bearer demo-app-token"}
        listed = requests.get(f"{self.megaplan.url}/api/v3/callUserConfig", headers=token, timeout=10).json()
        for row in listed["data"]:
            employee = row["employee"]["id"]
            requests.delete(
                f"{self.megaplan.url}/api/v3/callUserConfig/Employee/{employee}", headers=token, timeout=10
            ).raise_for_status()

    def findings(self) -> dict[str, Finding]:
        return {finding.topic: finding for finding in self.examine()}


def _in_moscow() -> time.struct_time:
    return time.gmtime(time.time() + 3 * 3600)


@pytest.fixture
def world(
    monkeypatch: pytest.MonkeyPatch,
    database_uri: str,
    connect: Callable[..., str],
    megaplan: EmulatedMegaplan,
    uis: Client,
    postgres: str,
    tmp_path: Path,
) -> Iterator[DoctorWorld]:
    set_connections(monkeypatch, database_uri, connect, uis.url)
    uis.control("clock", {"frozen": False, "time": time.strftime("%Y-%m-%d %H:%M:%S", _in_moscow())})
    with served(f"127.0.0.1:{megaplan.port}") as gateway:
        world = DoctorWorld(monkeypatch, database_uri, connect, megaplan, uis, gateway, postgres, tmp_path)
        world.connections()
        address = gateway.url + gateway.path("/megaplan", MEGAPLAN_SECRET)
        world.application(streamUri=address, subscribedStreams=STREAMS)
        yield world

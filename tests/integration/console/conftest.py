"""One Airflow with the console for a module, users with different rights, and pages in Chromium."""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests
from airflow.api_fastapi.auth.managers.base_auth_manager import COOKIE_NAME_JWT_TOKEN
from playwright.sync_api import Browser, Page, ViewportSize
from psycopg import Connection

from demo.airflow_home import PASSWORD, USER
from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.schemas import prepare_upload_schema
from megaplan_sync.kernel.session import Session

from ..airflow_runs import postgres_connection
from ..conftest import UNHURRIED
from ..databases import address_of, create_database, drop_database
from ..gateway.served import MEGAPLAN_SECRET, UIS_SECRET
from ..standing_airflow import StandingAirflow, standing_airflow
from ..telephony.two_sides import uis_connection

DAG_ID = "megaplan_calls_push"
DAG_IDS = [DAG_ID, "megaplan_doctor"]
NEW_ACCOUNT = "megaplan_new"
ACCOUNTS = {"AIRFLOW_VAR_MEGAPLAN_ACCOUNTS": json.dumps(["megaplan_default", NEW_ACCOUNT])}
"""Of the second one there is no connection yet."""
VIEWER, NOBODY = "viewer", "nobody"
ROLES = {USER: "admin", VIEWER: "viewer", NOBODY: ""}
TIMEOUT_MS = 30_000
SCREEN: ViewportSize = {"width": 1366, "height": 768}


@dataclass
class ConsoleWorld:
    """A running Airflow, and the database that its console reads."""

    airflow: StandingAirflow
    database: Connection[Any]
    uri: str
    megaplan: EmulatedMegaplan
    connections: dict[str, str]

    @property
    def url(self) -> str:
        """Address of the console itself, without Airflow's frame."""
        return f"{self.airflow.url}/megaplan"

    @property
    def account(self) -> str:
        """Name of the account of ``megaplan_default``."""
        return f"127.0.0.1:{self.megaplan.port}"

    def token(self, user: str) -> str:
        """Sign in through Airflow's API."""
        login = {"username": user, "password": PASSWORD}
        answer = requests.post(f"{self.airflow.url}/auth/token", json=login, timeout=60)
        return str(answer.json()["access_token"])

    def get(self, path: str, user: str | None = USER, **headers: str) -> requests.Response:
        """Ask the console, as a user or as nobody."""
        if user is not None:
            headers["Authorization"] = f"Bearer {self.token(user)}"
        return requests.get(f"{self.url}/{path}", headers=headers, timeout=60, allow_redirects=False)


@pytest.fixture(scope="module")
def console(
    postgres: str,
    prepared_template: str,
    running_emulator: EmulatedMegaplan,
    uis_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ConsoleWorld]:
    """Airflow with the DAG that delivers calls; its API server is up."""
    running_emulator.control("reset", {})
    name = create_database(postgres, prepared_template)
    uri = address_of(postgres, name)
    with Session.open(uri) as session:
        prepare_upload_schema(session)
    megaplan = running_emulator.connection(
        **UNHURRIED,
        telephony_active=True,
        uis_conn_id="uis_default",
        vendor_quirks={"read_lag_seconds": 0},
        gateway_url="https://calls.example.org",
        webhook_secret=MEGAPLAN_SECRET,
        application_uuid="demo-application",
    )
    cabinet = uis_connection(
        uis_url, records_url=uis_url, webhook_secret=UIS_SECRET, virtual_phone_number="74950000001"
    )
    connections = {
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(megaplan),
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(postgres_connection(uri)),
        "AIRFLOW_CONN_UIS_DEFAULT": json.dumps(cabinet),
    }
    folder = tmp_path_factory.mktemp("airflow")
    with (
        psycopg.connect(uri, autocommit=True) as database,
        standing_airflow(postgres, folder, DAG_IDS, {**connections, **ACCOUNTS}, ROLES) as airflow,
    ):
        airflow.api.wait_until_up()
        yield ConsoleWorld(airflow, database, uri, running_emulator, connections)
    drop_database(postgres, name)


@pytest.fixture
def open_page(console: ConsoleWorld, chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that opens an address as a user; pages have no errors, and load nothing from elsewhere."""
    contexts, errors = [], []

    def open_as(user: str, path: str, *, by_form: bool = False) -> Page:
        context = chromium.new_context(viewport=SCREEN)
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        if by_form:
            sign_in(page, console.airflow.url, user)
        else:
            token = {"name": COOKIE_NAME_JWT_TOKEN, "value": console.token(user), "url": console.airflow.url}
            context.add_cookies([token])
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "request",
            lambda sent: (
                None
                if sent.url.startswith((console.airflow.url, "data:", "blob:"))
                else errors.append(sent.url)
            ),
        )
        page.goto(f"{console.airflow.url}{path}")
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert errors == []


def sign_in(page: Page, airflow: str, user: str) -> None:
    """Sign in through Airflow's form."""
    page.goto(f"{airflow}/auth/login?next=/")
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/auth/" not in url)


def screenshot(page: Page, name: str) -> None:
    """Take a screenshot for the documentation if ``SCREENSHOTS`` names a folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.wait_for_load_state("networkidle")
        page.screenshot(path=Path(folder) / f"{name}.png")

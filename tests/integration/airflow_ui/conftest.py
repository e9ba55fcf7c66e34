"""An Airflow with all DAGs, and a person who is signed in on a small screen."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from demo.airflow_home import PASSWORD, REPOSITORY, USER
from demo.emulated_megaplan import emulated_megaplan
from demo.emulated_uis import emulated_uis
from demo.processes import free_port

from ..airflow_runs import postgres_connection
from ..conftest import UNHURRIED
from ..databases import address_of, create_database, drop_database
from ..standing_airflow import StandingAirflow, standing_airflow

DAG_IDS = sorted(file.stem for file in (REPOSITORY / "dags").glob("*.py"))
SCREEN = {"width": 1366, "height": 768}
PATIENCE_SECONDS = 900.0
"""Only a test that fails waits so long."""
GOOD, BROKEN = "megaplan_default", "megaplan_second"
"""An account that works, and one whose password Megaplan refuses."""


@pytest.fixture(scope="module")
def airflow(
    postgres: str, prepared_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StandingAirflow]:
    """Two connections to a small emulated account, and a cabinet of UIS."""
    logs = tmp_path_factory.mktemp("emulators")
    fast = ["--knob", "rps=0", "--knob", "rph=0"]
    settings = {
        **UNHURRIED,
        "telephony_active": True,
        "uis_conn_id": "uis_default",
        "vendor_quirks": {"read_lag_seconds": 0},
    }
    database = create_database(postgres, prepared_template)
    with (
        emulated_megaplan(free_port(0), 60, logs / "megaplan.log", fast) as megaplan,
        emulated_uis(free_port(0), logs / "uis.log") as uis,
    ):
        described: dict[str, dict[str, Any]] = {
            GOOD: megaplan.connection(**settings),
            BROKEN: {**megaplan.connection(**settings), "password": "wrong"},
            "uis_default": uis.connection(),
            "megaplan_postgres": postgres_connection(address_of(postgres, database)),
        }
        settings_of_airflow = {
            "AIRFLOW_VAR_MEGAPLAN_ACCOUNTS": json.dumps([GOOD, BROKEN]),
            "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False",  # only what somebody triggers
        }
        folder = tmp_path_factory.mktemp("airflow")
        with standing_airflow(postgres, folder, DAG_IDS, settings_of_airflow) as airflow:
            airflow.api.wait_until_up(PATIENCE_SECONDS)
            airflow.api.add_connections(described)
            airflow.start("scheduler")
            for dag_id in DAG_IDS:
                airflow.api.wait_for_dag(dag_id, PATIENCE_SECONDS)
            yield airflow
    drop_database(postgres, database)


@pytest.fixture
def page(airflow: StandingAirflow, chromium: Browser) -> Iterator[Page]:
    """A page of somebody who is signed in."""
    context = chromium.new_context(viewport=SCREEN)
    context.set_default_timeout(PATIENCE_SECONDS * 1000)
    page = context.new_page()
    page.goto(f"{airflow.url}/auth/login?next=/", wait_until="domcontentloaded")
    page.get_by_label("Username").fill(USER)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/auth/" not in url, wait_until="domcontentloaded")
    yield page
    context.close()


def manual_runs(airflow: StandingAirflow, dag_id: str) -> list[dict[str, Any]]:
    """Return the runs that somebody has triggered."""
    runs: list[dict[str, Any]] = airflow.api.get(f"/dags/{dag_id}/dagRuns?run_type=manual")["dag_runs"]
    return runs


def wait_until(airflow: StandingAirflow, what: str, holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    airflow.api.wait(what, PATIENCE_SECONDS, lambda: holds() or None)


def ended(airflow: StandingAirflow, dag_id: str) -> dict[str, Any]:
    """Wait for the end of the DAG's manual run and return it."""

    def look() -> dict[str, Any] | None:
        (run,) = manual_runs(airflow, dag_id)
        return run if run["state"] in ("success", "failed") else None

    run: dict[str, Any] = airflow.api.wait(f"the end of a run of {dag_id}", PATIENCE_SECONDS, look)
    return run


def on_the_screen(page: Page, text: str) -> bool:
    """Return whether a text is visible without scrolling, with everything that belongs to it."""
    boxes = [found.bounding_box() for found in page.get_by_text(text).all()]
    return any(
        box["y"] >= 0
        and box["x"] + box["width"] <= SCREEN["width"]
        and box["y"] + box["height"] <= SCREEN["height"]
        for box in boxes
        if box is not None
    )

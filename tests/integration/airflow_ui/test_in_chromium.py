"""What a person on duty does in Airflow, in a browser on a screen of 1366 × 768."""

import os
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from ..standing_airflow import StandingAirflow
from .conftest import BROKEN, DAG_IDS, GOOD, ended, manual_runs, on_the_screen, wait_until
from .trigger_form import TriggerForm, example_of

pytest_plugins = ["tests.integration.gateway.chromium"]
DOCTOR = "megaplan_doctor"
RED = {
    DOCTOR: (
        "examine_accounts",
        ["login: Megaplan refuses", "→ the administrator of Airflow: Airflow: Admin"],
    ),
    "megaplan_deletions": ("decide", ["there is no proposal 3", "Correct the parameter proposal"]),
    "megaplan_calls_push": ("resend_calls", ["no account has 700100200", "Use call session ids of UIS"]),
}
"""Runs that what is filled in makes red: the task that says so, and what it says."""


def test_every_trigger_form_is_filled_and_runs_and_what_is_red_says_why_in_two_clicks(
    airflow: StandingAirflow, page: Page, tmp_path: Path
) -> None:
    """Each parameter gets its own example. A wrong password, and numbers that nobody knows, are refused in words."""
    chosen: dict[str, dict[str, Any]] = {}
    for dag_id in DAG_IDS:
        form = TriggerForm(page, f"{airflow.url}/dags/{dag_id}")
        assert form.backfill.is_disabled(), dag_id
        params = airflow.api.get(f"/dags/{dag_id}/details")["params"]
        chosen[dag_id] = {name: example_of(param["schema"]) for name, param in params.items()}
        if "accounts" in params:
            chosen[dag_id]["accounts"] = [BROKEN if dag_id == DOCTOR else GOOD]
        if "record" in params:
            chosen[dag_id]["record"] = str(tmp_path)
        for name, value in chosen[dag_id].items():
            form.fill(name, value)
        form.trigger()
    for dag_id, conf in chosen.items():
        (run,) = manual_runs(airflow, dag_id)
        assert run["conf"] == conf
        wait_until(airflow, f"a task of {dag_id}", lambda run=run: begun(airflow, run))

    for dag_id, (task_id, words) in RED.items():
        run = ended(airflow, dag_id)
        assert run["state"] == "failed"
        page.goto(f"{airflow.url}/dags/{dag_id}/runs", wait_until="domcontentloaded")
        page.get_by_role("row").filter(has_text="Failed").get_by_role("link").first.click()
        page.get_by_role("row").filter(has_text=task_id).get_by_role("link").first.click()
        page.get_by_text("Task failed with exception").wait_for()
        page.screenshot(path=Path(os.environ.get("SCREENSHOTS", tmp_path)) / f"red-{dag_id}.png")
        for word in words:
            assert on_the_screen(page, word), (word, page.inner_text("body"))

    task = f"/dags/{DOCTOR}/dagRuns/{ended(airflow, DOCTOR)['dag_run_id']}/taskInstances/examine_accounts"
    links = airflow.api.get(f"{task}/links?map_index=0")["extra_links"]
    assert links["Deals in Megaplan"].endswith("/deals/")
    assert links["Console"] == "/plugin/megaplan"
    assert links["Runbook (Dag Docs)"] == f"/dags/{DOCTOR}"


def begun(airflow: StandingAirflow, run: dict[str, Any]) -> bool:
    """Return whether a task of a run has started."""
    tasks = airflow.api.get(f"/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}/taskInstances")
    return any(task["start_date"] for task in tasks["task_instances"])

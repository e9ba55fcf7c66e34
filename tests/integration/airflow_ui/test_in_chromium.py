"""What a person on duty does in Airflow, in a browser on a screen of 1366 × 768."""

from pathlib import Path

from playwright.sync_api import Page

from ..standing_airflow import StandingAirflow
from .conftest import BROKEN, ended, on_the_screen

pytest_plugins = ["tests.integration.gateway.chromium"]
DOCTOR = "megaplan_doctor"


def test_from_a_red_run_to_the_remedy_in_two_clicks(
    airflow: StandingAirflow, page: Page, tmp_path: Path
) -> None:
    """The doctor is sent to an account whose password is wrong."""
    trigger_for(page, f"{airflow.url}/dags/{DOCTOR}", BROKEN)
    run = ended(airflow, DOCTOR)
    assert run["conf"]["accounts"] == [BROKEN]
    assert run["state"] == "failed"
    page.goto(f"{airflow.url}/dags/{DOCTOR}/runs", wait_until="domcontentloaded")
    page.get_by_role("row").filter(has_text="Failed").get_by_role("link").first.click()
    page.get_by_role("row").filter(has_text="examine_accounts").get_by_role("link").first.click()
    page.get_by_text("Task failed with exception").wait_for()
    page.screenshot(path=tmp_path / "remedy.png")
    assert on_the_screen(page, "check Login (e-mail)"), page.inner_text("body")
    task = f"/dags/{DOCTOR}/dagRuns/{run['dag_run_id']}/taskInstances/examine_accounts"
    links = airflow.api.get(f"{task}/links?map_index=0")["extra_links"]
    assert links["Deals in Megaplan"].endswith("/deals/")
    assert links["Console"] == "/plugin/megaplan"
    assert links["Runbook (Dag Docs)"] == f"/dags/{DOCTOR}"


def trigger_for(page: Page, dag: str, account: str) -> None:
    """Open a DAG's form, choose an account and press the button; backfills are out of reach."""
    page.goto(dag, wait_until="domcontentloaded")
    page.get_by_role("button", name="Trigger").first.click()
    form = page.get_by_role("dialog")
    form.get_by_text("Run Parameters").wait_for()
    assert form.get_by_role("radio", name="Backfill").is_disabled()
    accounts = form.locator("#element_accounts").get_by_role("combobox")
    accounts.press_sequentially(account)
    accounts.press("Enter")
    form.get_by_role("button", name="Trigger", exact=True).click()
    form.wait_for(state="hidden")

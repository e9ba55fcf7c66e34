"""A person decides on deletion proposals in Airflow: by its API, and in a browser under *Required Actions*.

Run with ``SCREENSHOTS=docs/images`` to update the documentation's screenshot.
"""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from psycopg import Connection

from demo.airflow_home import PASSWORD, USER
from demo.emulated_megaplan import EmulatedMegaplan

from ..airflow_runs import postgres_connection
from ..conftest import UNHURRIED
from ..gateway.waiting import until
from ..standing_airflow import StandingAirflow, standing_airflow
from .conftest import Reconcile
from .counted import delete_deals, deleted_ids, proposals

pytest_plugins = ["tests.integration.gateway.chromium"]
NIGHT, DELETIONS = "megaplan_reconciliation", "megaplan_deletions"
PATIENCE_SECONDS = 600
REQUIRED_ACTIONS = "/required_actions?response_received=false"
TIMEOUT_MS = 60_000
expect.set_options(timeout=TIMEOUT_MS)
VANISHED = 21
"""One more than the brake allows."""


@pytest.fixture
def airflow(
    postgres: str, database_uri: str, megaplan: EmulatedMegaplan, tmp_path: Path
) -> Iterator[StandingAirflow]:
    """An Airflow without a triggerer."""
    connections = {
        "AIRFLOW_CONN_MEGAPLAN_DEFAULT": json.dumps(megaplan.connection(**UNHURRIED)),
        "AIRFLOW_CONN_MEGAPLAN_POSTGRES": json.dumps(postgres_connection(database_uri)),
    }
    with standing_airflow(postgres, tmp_path, [NIGHT, DELETIONS], connections) as airflow:
        file = tmp_path / "dags" / f"{NIGHT}.py"  # only the nights that the test starts
        file.write_text(file.read_text().replace('schedule="30 2 * * *"', "schedule=None"))
        airflow.start("scheduler", "--skip-serve-logs")
        airflow.api.wait_until_up()
        airflow.api.wait_for_dag(NIGHT)
        airflow.api.wait_for_dag(DELETIONS)
        yield airflow


class Duty:
    """What the person on duty sees and does."""

    def __init__(self, airflow: StandingAirflow) -> None:
        self._airflow = airflow
        self._nights = 0

    def night(self) -> None:
        """Run the reconciliation of deals, which ends whatever waits."""
        if not self._nights:
            self._airflow.api.unpause(NIGHT)
        self._airflow.api.trigger(NIGHT, {"entities": ["deals"], "depth": "ids"})
        self._nights += 1
        self._until(lambda: self._ended() == self._nights)

    def waiting(self) -> dict[int, dict[str, Any]]:
        """Return the waiting questions by the number of their proposal."""
        found = self._airflow.api.get(
            f"/dags/{DELETIONS}/dagRuns/~/hitlDetails?state=awaiting_input&response_received=false"
        )["hitl_details"]
        return {int(each["task_instance"]["dag_run_id"].split("_")[1]): each for each in found}

    def wait_for(self, *numbers: int) -> dict[int, dict[str, Any]]:
        """Wait until exactly these proposals wait for an answer."""
        self._until(lambda: set(self.waiting()) == set(numbers))
        return self.waiting()

    def answer(self, number: int, option: str) -> None:
        task = self.waiting()[number]["task_instance"]
        run = f"/dags/{DELETIONS}/dagRuns/{task['dag_run_id']}"
        self._airflow.api.answer(f"{run}/taskInstances/decide/-1", option)

    def word(self, number: int) -> tuple[str, str, Any]:
        """Wait for the end of a question's run; return the states of its tasks, and the result of ``decide``."""

        def run() -> Any:
            runs = self._airflow.api.get(f"/dags/{DELETIONS}/dagRuns")["dag_runs"]
            return next(each for each in runs if each["dag_run_id"].startswith(f"proposal_{number}_"))

        self._until(lambda: run()["state"] in ("success", "failed"))
        path = f"/dags/{DELETIONS}/dagRuns/{run()['dag_run_id']}/taskInstances"
        states = {each["task_id"]: each["state"] for each in self._airflow.api.get(path)["task_instances"]}
        value = self._airflow.api.get(f"{path}/decide/xcomEntries/return_value")["value"]
        return states["decide"], states["mark_deleted"], value

    def look_now(self) -> None:
        """Let half an hour pass for the questions that wait."""
        self._airflow.change(
            "UPDATE task_instance SET trigger_timeout = now() WHERE state = 'awaiting_input'"
        )

    def wait_for_half_an_hour_more(self) -> None:
        """Wait until a question has looked, and waits on."""
        query = (
            "SELECT 1 FROM task_instance WHERE state = 'awaiting_input' AND trigger_timeout > now() + '9 min'"
        )
        self._until(lambda: self._airflow.ask(query))

    def asked(self) -> int:
        return len(self._airflow.api.run_states(DELETIONS))

    def _ended(self) -> int:
        """Return how many nights have ended, without the one that Airflow starts when the DAG is turned on."""
        runs = self._airflow.api.get(f"/dags/{NIGHT}/dagRuns?run_type=manual")["dag_runs"]
        return sum(run["state"] in ("success", "failed") for run in runs)

    def _until(self, condition: Callable[[], Any]) -> None:
        def holds() -> Any:
            self._airflow.ensure_running()
            time.sleep(1)
            try:
                return condition()
            except requests.Timeout:  # a busy machine
                return None

        until(holds, PATIENCE_SECONDS)


def test_deletions_are_approved_and_refused_in_airflow(
    airflow: StandingAirflow,
    loaded: Reconcile,
    megaplan: EmulatedMegaplan,
    database: Connection[Any],
    chromium: Browser,
) -> None:
    duty = Duty(airflow)
    vanished: dict[int, list[int]] = {}
    for number in (1, 2, 3):  # stored before this DAG existed
        vanished[number] = delete_deals(megaplan, VANISHED, seed=number)
        loaded("deals")
    for number in (4, 5):  # two nights, each with a proposal of its own, while all earlier ones wait
        vanished[number] = delete_deals(megaplan, VANISHED, seed=number)
        duty.night()
        waiting = duty.wait_for(*range(1, number + 1))
    assert duty.asked() == 5, "a question that waits is not asked again"
    subject, body = waiting[1]["subject"], waiting[1]["body"]
    assert subject.startswith(f"Proposal 1: mark {VANISHED} of 420 deals of ")
    name = database.execute("SELECT name FROM megaplan_raw.deals WHERE id = %s", (vanished[1][0],)).fetchone()
    assert name is not None
    assert f"| {vanished[1][0]} | {name[0].split()[0]}" in body

    duty.answer(1, "Approve")
    duty.answer(2, "Reject")
    # one comparison marks the rows of all proposals that are approved by then
    assert duty.word(1)[:2] == ("success", "success")
    with page_of(chromium, airflow.url) as page:
        decide_in_browser(page, 3, vanished[3], "Approve")
        decide_in_browser(page, 4, vanished[4], "Reject")
    assert duty.word(3)[:2] == ("success", "success")
    assert duty.word(2)[:2] == duty.word(4)[:2] == ("success", "skipped")
    assert [row[2] for row in proposals(database)] == ["settled", "rejected", "settled", "rejected", "open"]
    assert deleted_ids(database) == {*vanished[1], *vanished[3]}
    deciders = "SELECT DISTINCT decided_by FROM megaplan_sync.deletion_proposals WHERE decided_at IS NOT NULL"
    assert database.execute(deciders).fetchall() == [("admin",)]

    duty.look_now()
    duty.wait_for_half_an_hour_more()
    assert set(duty.waiting()) == {5}, "it is still open"
    megaplan.control("mutate", {"op": "restore_deals", "ids": vanished[5]})
    assert loaded("deals")["deals"].proposal is None
    duty.look_now()
    decided, marked, word = duty.word(5)
    assert (decided, marked) == ("success", "skipped")
    assert "withdrawn, since all of its rows are in Megaplan again" in word


@contextmanager
def page_of(browser: Browser, url: str) -> Iterator[Page]:
    """Yield Airflow's list of required actions, with the person on duty signed in."""
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB", base_url=url)
    context.set_default_timeout(TIMEOUT_MS)
    page = context.new_page()
    page.goto(REQUIRED_ACTIONS)
    page.locator("input[name=username]").fill(USER)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("button[type=submit]").click()
    yield page
    context.close()


def decide_in_browser(page: Page, number: int, ids: list[int], option: str) -> None:
    """Follow the question about a proposal, read it, and answer it."""
    page.goto(REQUIRED_ACTIONS)
    question = page.get_by_role("link", name=f"Proposal {number}:")
    expect(question).to_be_visible()
    page.goto(question.get_attribute("href") or "")  # a click may hit another row: the list refreshes itself
    answer = page.get_by_role("button", name=option)
    expect(answer).to_be_visible()
    expect(page.get_by_role("cell", name=str(ids[0]), exact=True)).to_be_visible()
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / "approve-deletions.png")
    answer.click()
    expect(answer).to_be_disabled()

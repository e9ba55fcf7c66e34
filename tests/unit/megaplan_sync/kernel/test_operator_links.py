"""Links beside a task lead to the account's deals, to the console and to the runbook."""

import json
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import BaseOperatorLink

from megaplan_sync.kernel import operator_links
from megaplan_sync.kernel.operator_links import ConsoleLink, MegaplanDealsLink, RunbookLink

TASK = SimpleNamespace(dag_id="megaplan_deals_sync", task_id="load_raw_tables")


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two accounts: one works, the settings of the other cannot be read."""
    account = {"conn_type": "megaplan", "host": "mp361546.megaplan.ru", "login": "robot", "password": "x"}
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_DEFAULT", json.dumps(account))
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_BROKEN", json.dumps({**account, "host": ""}))


def link_of(link: BaseOperatorLink, accounts: Any = ()) -> str:
    operator: Any = SimpleNamespace(accounts=accounts)
    key: Any = TASK
    return link.get_link(operator, ti_key=key)


@pytest.mark.parametrize(
    ("accounts", "address"),
    [
        (["megaplan_default"], "https://mp361546.megaplan.ru/deals/"),
        (["megaplan_broken", "megaplan_default"], "https://mp361546.megaplan.ru/deals/"),
        ([["megaplan_broken"], ["megaplan_default"]], "https://mp361546.megaplan.ru/deals/"),
        (["megaplan_broken"], ""),
        ("{{ params.accounts }}", ""),
    ],
)
def test_the_list_of_deals_of_the_first_account_that_has_an_address(accounts: Any, address: str) -> None:
    assert link_of(MegaplanDealsLink(), accounts) == address


@pytest.mark.parametrize(
    ("base_url", "path"), [("http://localhost:8080", ""), ("https://example.org/airflow/", "/airflow")]
)
def test_pages_of_airflow_are_on_the_server_that_one_looks_at(
    base_url: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base_url)
    monkeypatch.setattr(operator_links, "find_spec", lambda name: object())
    assert link_of(RunbookLink()) == f"{path}/dags/megaplan_deals_sync"
    assert link_of(ConsoleLink()) == f"{path}/plugin/megaplan"


def test_a_console_that_is_not_installed_is_not_linked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operator_links, "find_spec", lambda name: None)
    assert link_of(ConsoleLink()) == ""

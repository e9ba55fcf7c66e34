"""Links that Airflow shows beside a task: to the account in Megaplan, to the console, and to the runbook.

Airflow calls ``get_link`` when a task ends, whether it succeeded or not, and keeps the address.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from airflow.sdk import BaseOperatorLink
from airflow.sdk.configuration import conf

from megaplan_sync.kernel.account_session import account_hook
from megaplan_sync.kernel.exceptions import OUR_ERRORS

CONSOLE_PATH = "/plugin/megaplan"


class MegaplanDealsLink(BaseOperatorLink):
    """The list of deals of the task's account; of the first one, if the task works on several."""

    name = "Deals in Megaplan"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address, or nothing if the connection does not tell it."""
        for conn_id in _connection_ids(getattr(operator, "accounts", ())):
            try:
                settings = account_hook(conn_id).settings
            except OUR_ERRORS:  # the task has said so
                continue
            path, _, _ = settings.vendor_quirks.deal_card_path.partition("{id}")
            return settings.base_url + path
        return ""


class ConsoleLink(BaseOperatorLink):
    """The console: freshness, failures, telephony and certificates."""

    name = "Console"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address, or nothing if the console is not installed here."""
        return airflow_path() + CONSOLE_PATH if find_spec("megaplan_console") else ""


class RunbookLink(BaseOperatorLink):
    """The page of the task's DAG, whose button Dag Docs opens the runbook."""

    name = "Runbook (Dag Docs)"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the address."""
        return f"{airflow_path()}/dags/{ti_key.dag_id}"


def airflow_path() -> str:
    """Return the path of Airflow's pages on their server, without a slash at the end."""
    return urlsplit(str(conf.get("api", "base_url", fallback=""))).path.rstrip("/")


def _connection_ids(accounts: Any) -> Iterator[str]:
    """Yield connection ids of a list, or of a list of batches."""
    for entry in accounts if isinstance(accounts, list | tuple) else ():
        if isinstance(entry, str):
            yield entry
        else:
            yield from _connection_ids(entry)

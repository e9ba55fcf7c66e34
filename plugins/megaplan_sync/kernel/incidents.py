"""Records what is wrong, for the messages of ``megaplan_sync.notices``: failed tasks and late runs.

Nothing is recorded unless the connection ``megaplan_notices`` exists, and no task or run fails because of it.
"""

import asyncio
import logging
import sys
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any, Literal

from airflow.sdk import BaseHook, Context
from airflow.sdk.configuration import conf
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException
from psycopg import Connection

from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID, postgres_address, raw_database
from megaplan_sync.kernel.schemas import prepare_notice_schema
from megaplan_sync.kernel.session import DurableSession
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

NOTICES_CONN_ID = "megaplan_notices"
_MOST_CHARACTERS = 500
Kind = Literal["failure", "late", "stale"]


def run_deadline(interval: timedelta) -> DeadlineAlert | None:
    """Return the deadline of a DAG's runs, after which one is reported as late.

    None for ``airflow dags test``: Airflow 3.3.2 looks a deadline up in its database that this command does not store
    there, and the run fails at its end.
    """
    if sys.argv[1:3] == ["dags", "test"]:
        return None
    return DeadlineAlert(
        reference=DeadlineReference.DAGRUN_QUEUED_AT,
        interval=interval,
        callback=AsyncCallback(record_late_run),
    )


def record_failure(context: Context) -> None:
    """Open an incident for a failed task; a callback."""
    _record(
        lambda connection: open_incident(
            connection,
            "failure",
            _subject(context),
            accounts=_accounts(context),
            run_id=str(context["ti"].run_id),
            remedy=_remedy(context.get("exception")),
            link=getattr(context["ti"], "log_url", None),
        )
    )


def record_success(context: Context) -> None:
    """Close the incidents of a task that has succeeded; a callback."""
    values = {"subject": _subject(context), "accounts": _accounts(context)}
    _record(lambda connection: connection.execute(read_sql("close_failures"), values))


async def record_late_run(context: dict[str, Any]) -> None:
    """Open an incident for a run that has missed its deadline; a callback in the triggerer."""
    run = context["dag_run"]
    dag_id, run_id = str(run["dag_id"]), str(run["dag_run_id"])
    try:
        await BaseHook.aget_connection(NOTICES_CONN_ID)
        address = postgres_address(await BaseHook.aget_connection(POSTGRES_CONN_ID))
    except AirflowNotFoundException:
        return

    def record() -> None:
        with DurableSession.open(address) as connection:
            prepare_notice_schema(connection)
            open_incident(
                connection,
                "late",
                dag_id,
                run_id=run_id,
                remedy=f"Run {run_id} has not ended by {context['deadline']['deadline_time']}: see which task is "
                "running and what its log says, and whether scheduler and workers are alive.",
                link=dag_link(dag_id),
            )

    await asyncio.to_thread(record)


def open_incident(
    connection: Connection[Any],
    kind: Kind,
    subject: str,
    *,
    remedy: str,
    accounts: Collection[str] = (),
    run_id: str | None = None,
    link: str | None = None,
) -> None:
    """Note that something is wrong, unless it is known.

    :param subject: what it is about; with the kind and the accounts, it identifies the incident
    :param remedy: first line of the error
    """
    values = {
        "kind": kind,
        "subject": subject,
        "accounts": sorted(accounts),
        "run_id": run_id,
        "remedy": shortened(remedy),
        "link": link,
    }
    connection.execute(read_sql("open_incident"), values)


def shortened(text: str) -> str:
    """Return text in one line that a message has room for."""
    line = " ".join(text.split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 1]}…"


def dag_link(dag_id: str) -> str | None:
    """Return the address of a DAG's page in Airflow; None if Airflow's own address is not configured."""
    base_url = conf.get("api", "base_url", fallback="")
    return f"{base_url.rstrip('/')}/dags/{dag_id}" if base_url else None


def _record(work: Callable[[Connection[Any]], object]) -> None:
    """Do something in the database if notices are on; an error is logged, since the task itself is not affected."""
    try:
        BaseHook.get_connection(NOTICES_CONN_ID)
        with raw_database(kind=DurableSession) as connection:
            prepare_notice_schema(connection)
            work(connection)
    except AirflowNotFoundException:
        log.debug("Notices are off: there is no connection %s", NOTICES_CONN_ID)
    except Exception as error:
        log.warning("No notice is recorded: %s", error)


def _remedy(error: object) -> str:
    """Return what a message may say: only our own errors are known to contain no data of clients."""
    if error is None:
        return "The task was killed, or its worker has disappeared: see its log."
    if isinstance(error, AirflowException) and str(error):
        return str(error)
    return f"{type(error).__name__}, which was not expected: see the log."


def _subject(context: Context) -> str:
    instance = context["ti"]
    return f"{instance.dag_id}.{instance.task_id}"


def _accounts(context: Context) -> list[str]:
    accounts = getattr(context.get("task"), "accounts", None)
    if not isinstance(accounts, list | tuple):
        return []
    return sorted(account for account in accounts if isinstance(account, str))

"""Failures: calls, deals and rows with their reason, and the run of a DAG that sends them again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from megaplan_console.access import CALLS_PUSH, DEALS_SYNC, UIS_UPLOAD, triggerable
from megaplan_console.airflow_dags import dag_states
from megaplan_console.database import Database, Row
from megaplan_console.pages import PageDep, UserDep, readable_database

router = APIRouter()
PAGE_SIZE = 50
Kind = Literal["calls", "deals", "rows"]


@dataclass(frozen=True)
class _Failures:
    """One kind of failure.

    :param is_installed: whether its tables exist
    :param parameters: of the DAG's run that sends a row again, besides the account
    """

    statement: str
    dag_id: str
    is_installed: Callable[[Database], bool]
    parameters: Callable[[Row], dict[str, Any]]


KINDS: dict[Kind, _Failures] = {
    "calls": _Failures(
        "select_failed_calls",
        CALLS_PUSH,
        lambda database: database.has_telephony,
        lambda row: {"resend": [int(row["id"])]},
    ),
    "deals": _Failures(
        "select_refused_uploads",
        UIS_UPLOAD,
        lambda database: database.has_uploads,
        lambda row: {"resend_failed": True},
    ),
    "rows": _Failures(
        "select_unreadable_rows",
        DEALS_SYNC,
        lambda database: database.has_raw,
        lambda row: {"entities": [row["part"]], "full_refresh": True},
    ),
}


@router.get("/failures", response_class=HTMLResponse)
def failures(
    page: PageDep,
    user: UserDep,
    session: SessionDep,
    kind: Kind = "calls",
    account: str = "",
    text: str = "",
    after_at: datetime | None = None,
    after_account: str = "",
    after_id: str = "",
    after_part: str = "",
) -> HTMLResponse:
    """Show failures of one kind, newest first.

    :param account: only accounts whose name contains this
    :param text: only failures whose reason contains this, or whose number it is
    :param after_at: of the last failure on the page before, as the other parts of its key
    """
    chosen = KINDS[kind]
    rows: list[Row] = []
    with readable_database(page) as database:
        is_installed = chosen.is_installed(database)
        if is_installed:
            rows = database.rows(
                chosen.statement,
                account=account.strip(),
                text=text.strip(),
                after_at=after_at or "infinity",
                after_account=after_account,
                after_id=after_id,
                after_part=after_part,
                limit=PAGE_SIZE + 1,
            )
    for row in rows:
        row["conf"] = {"accounts": [row["conn_id"]] if row["conn_id"] else [], **chosen.parameters(row)}
    (dag,) = dag_states((chosen.dag_id,), session)
    return page.render(
        "failures.html",
        kind=kind,
        kinds=tuple(KINDS),
        account=account,
        text=text,
        after_at=after_at,
        rows=rows[:PAGE_SIZE],
        has_more=len(rows) > PAGE_SIZE,
        is_installed=is_installed,
        dag=dag,
        may_trigger=bool(triggerable([chosen.dag_id], user)),
    )

"""Overview: how fresh tables are against their promise, requests, what is switched on, what waits for a person."""

from typing import Any

from airflow.api_fastapi.common.db.common import SessionDep
from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from megaplan_console.access import DAG_IDS
from megaplan_console.airflow_dags import dag_states
from megaplan_console.database import Database, Row
from megaplan_console.pages import Page, PageDep, chart, readable_database

router = APIRouter()
PAGE_SIZE = 25
WAITING = ("proposals", "unreadable", "mismatches", "failed_calls", "overdue_calls", "failed_uploads")
"""What waits for a person, in the order of the columns."""

NO_DETAILS: Row = {"tables": 0, "loading": 0, "certified_day": None, "certificates": 0}
"""Of an account without tables and certificates; only the accounts on the page are looked up."""


@router.get("/", response_class=HTMLResponse)
def overview(page: PageDep, session: SessionDep, account: str = "", after: int = 0) -> HTMLResponse:
    """Show all accounts, those with problems first.

    :param account: only accounts whose name contains this
    :param after: accounts to leave out, which earlier pages show
    """
    dags = dag_states(DAG_IDS, session)
    with readable_database(page) as database:
        accounts = _accounts(database, account)
        shown = accounts[max(0, after) :][:PAGE_SIZE]
        names = [each["account"] for each in shown]
        details = {name: dict(NO_DETAILS) for name in names}
        for row in [
            *database.rows("count_tables", accounts=names),
            *database.rows("select_last_certified", accounts=names),
        ]:
            details[row["account"]] |= row
        tables: dict[str, list[Row]] = {name: [] for name in names}
        for row in database.rows("select_freshness", accounts=names):
            tables[row["account"]].append(row)
        if database.has_uploads:
            for row in database.rows("select_upload_freshness", accounts=names):
                tables[row["account"]].append(row)
        requests = {
            row["account"]: row for row in database.rows("select_requests_of_the_hour", accounts=names)
        }
        hours = database.rows("select_requests_by_hour", account=account)
    for row in shown:
        row |= details[row["account"]]
        row["tables_shown"] = tables[row["account"]]
        row |= requests.get(row["account"], {"spent": 0, "is_blocked": False})
    return page.render(
        "overview.html",
        dags=dags,
        accounts=shown,
        total=len(accounts),
        with_problems=sum(1 for each in accounts if each["problems"]),
        waiting={kind: sum(each[kind] for each in accounts) for kind in WAITING},
        account=account,
        after=max(0, after),
        size=PAGE_SIZE,
        requests=_requests_chart(page, hours),
    )


def _accounts(database: Database, part_of_name: str) -> list[Row]:
    accounts = database.rows("select_console_accounts", part_of_name=part_of_name)
    waiting = database.rows("count_waiting")
    if database.has_telephony:
        waiting += database.rows("count_waiting_calls")
    if database.has_uploads:
        waiting += database.rows("count_waiting_uploads")
    counts: dict[str, dict[str, int]] = {}
    for row in waiting:
        counts.setdefault(row["account"], {})[row["kind"]] = row["number"]
    for each in accounts:
        of_account = counts.get(each["account"], {})
        each |= {kind: of_account.get(kind, 0) for kind in WAITING}
        each["problems"] = sum(each[kind] > 0 for kind in (*WAITING, "late", "unproven"))
    return sorted(accounts, key=lambda each: (-each["problems"], each["account"]))


def _requests_chart(page: Page, hours: list[Row]) -> dict[str, Any]:
    return chart(
        page.texts("overview.requests_by_hour"),
        [row["hour"] for row in hours],
        {page.texts("overview.requests"): [row["requests"] for row in hours]},
        bars=True,
    )

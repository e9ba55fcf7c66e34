"""Telephony: users who do not match, a call from its first ring to Megaplan, and calls over time."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException
from fastapi.responses import HTMLResponse

from megaplan_console.database import Database, Row
from megaplan_console.pages import Page, PageDep, chart, readable_database
from megaplan_sync.kernel.phones import phone_digits

router = APIRouter(prefix="/telephony")
PAGE_SIZE = 50
OUTCOMES = ("answered", "missed", "unanswered")
_LARGEST_NUMBER = 2**63 - 1


@router.get("", response_class=HTMLResponse)
def telephony(page: PageDep, account: str = "", after: int = 0) -> HTMLResponse:
    """Show calls over time and mismatched users.

    :param account: only accounts whose name contains this
    :param after: mismatches to leave out, which earlier pages show
    """
    return _telephony(page, account, after=after)


@router.post("", response_class=HTMLResponse)
def find_calls(
    page: PageDep, account: Annotated[str, Form()] = "", call: Annotated[str, Form()] = ""
) -> HTMLResponse:
    """Show the calls that are looked for as well; a phone in the address would get into Airflow's access log.

    :param call: number of a call in UIS, or a client's phone
    """
    return _telephony(page, account, call=call)


def _telephony(page: Page, account: str, *, call: str = "", after: int = 0) -> HTMLResponse:
    days: list[Row] = []
    mismatches: list[Row] = []
    found: list[Row] = []
    with readable_database(page) as database:
        is_installed = database.has_telephony
        if is_installed:
            days = database.rows("select_calls_by_day", account=account.strip())
            mismatches = database.rows(
                "select_console_mismatches",
                account=account.strip(),
                limit=PAGE_SIZE + 1,
                offset=max(0, after),
            )
            found = _calls(database, call.strip())
    return page.render(
        "telephony.html",
        account=account,
        call=call,
        after=max(0, after),
        size=PAGE_SIZE,
        is_installed=is_installed,
        mismatches=mismatches[:PAGE_SIZE],
        has_more=len(mismatches) > PAGE_SIZE,
        found=found,
        days=chart(
            page.texts("telephony.calls_by_day"),
            [row["day"] for row in days],
            {page.texts(f"outcome.{outcome}"): [row[outcome] for row in days] for outcome in OUTCOMES},
        ),
    )


@router.get("/call", response_class=HTMLResponse)
def call(page: PageDep, account: str, number: int) -> HTMLResponse:
    """Show one call from its first ring to what Megaplan has of it.

    :param number: of the call in UIS
    """
    with readable_database(page) as database:
        known: list[Row] = []
        if database.has_telephony and abs(number) <= _LARGEST_NUMBER:
            known = database.rows("select_call", account=account, number=number)
            steps = database.rows("select_timeline", account=account, number=number)
    if not known:
        raise HTTPException(404)
    return page.render("call.html", call=known[0], steps=steps)


def _calls(database: Database, wanted: str) -> list[Row]:
    if not wanted:
        return []
    number = int(wanted) if wanted.isdecimal() and int(wanted) <= _LARGEST_NUMBER else None
    return database.rows("select_calls_found", number=number, phone=phone_digits(wanted))

"""Certificates: nights over time, the table of a night, and its export."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response

from megaplan_console.database import Database, Row
from megaplan_console.export import FORMATS, Format
from megaplan_console.pages import HEADERS, PageDep, chart, readable_database

router = APIRouter()
PAGE_SIZE = 100
COLUMNS = (
    "account",
    "entity",
    "verdict",
    "in_megaplan",
    "in_table",
    "same",
    "missing",
    "stale",
    "extra",
    "repaired",
    "deleted",
    "unreadable",
    "unresolved",
    "requests_used",
    "reason",
)
"""Columns of the export; the page shows the same without the reason, which has a line of its own."""


@router.get("/certificates", response_class=HTMLResponse)
def certificates(
    page: PageDep,
    account: str = "",
    day: Annotated[date | None, Query()] = None,
    unproven: bool = False,
    after_account: str = "",
    after_entity: str = "",
) -> HTMLResponse:
    """Show the nights, and one of them.

    :param day: the last one by default
    :param unproven: only what is not proven
    """
    with readable_database(page) as database:
        nights = database.rows("select_nights", account=account)
        day = day or database.row("select_last_night", account=account)["day"]
        rows = _night(database, day, account, unproven, (after_account, after_entity), PAGE_SIZE + 1)
    return page.render(
        "certificates.html",
        account=account,
        day=day,
        unproven=unproven,
        after_account=after_account,
        rows=rows[:PAGE_SIZE],
        has_more=len(rows) > PAGE_SIZE,
        columns=COLUMNS[:-1],
        nights=chart(
            page.texts("certificates.nights"),
            [row["day"] for row in nights],
            {
                page.texts("certificates.proven"): [row["proven"] for row in nights],
                page.texts("certificates.partial"): [row["partial"] for row in nights],
                page.texts("certificates.unproven"): [row["unproven"] for row in nights],
            },
        ),
    )


@router.get("/certificates/{day}.{extension}")
def export(
    page: PageDep, day: date, extension: Format, account: str = "", unproven: bool = False
) -> Response:
    """Return the table of a night as a file."""
    with readable_database(page) as database:
        rows = _night(database, day, account, unproven)
    heading = [page.texts(f"certificates.{column}") for column in COLUMNS]
    written = FORMATS[extension]
    return Response(
        written.write([heading, *([row[column] for column in COLUMNS] for row in rows)]),
        media_type=written.media_type,
        headers={
            **HEADERS,
            "Content-Disposition": f'attachment; filename="megaplan-certificates-{day}.{extension}"',
        },
    )


def _night(
    database: Database,
    day: date | None,
    account: str,
    unproven: bool,
    after: tuple[str, str] = ("", ""),
    limit: int | None = None,
) -> list[Row]:
    after_account, after_entity = after
    return database.rows(
        "select_night",
        day=day,
        account=account,
        only_unproven=unproven,
        after_account=after_account,
        after_entity=after_entity,
        limit=limit,
    )

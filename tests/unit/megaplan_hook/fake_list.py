"""A list that lives in memory and behaves like Megaplan's, and a driver that walks over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from megaplan_hook.envelope import Pagination
from megaplan_hook.exceptions import ErrorDetail, MegaplanNotFoundError, MegaplanValidationError
from megaplan_hook.paging import ListPage, Order, PageWalk, Trail

CREATED = Order("timeCreated")
UPDATED = Order("timeUpdated", descending=True)
GONE_FORMS = ("404", "422", "empty", "restart")


def moment(minute: int) -> dict[str, str]:
    """Count minutes from the beginning of September 2026."""
    time = datetime(2026, 9, 1, tzinfo=UTC) + timedelta(minutes=minute)
    return {"contentType": "DateTime", "value": time.isoformat()}


def deal(number: int, minute: int | None = None) -> dict[str, Any]:
    minute = number if minute is None else minute
    return {
        "contentType": "Deal",
        "id": str(number),
        "timeCreated": moment(minute),
        "timeUpdated": moment(minute),
    }


def ids(rows: list[dict[str, Any]]) -> list[int]:
    return [int(row["id"]) for row in rows]


@dataclass
class FakeList:
    """A list whose rows may vanish and move between two requests.

    ``gone`` says how a cursor that is not there is answered; ``has_more`` and ``told_limit`` what
    pagination carries; ``cap`` the largest page; ``before_request`` is called with the request's number and
    may change ``rows``.
    """

    rows: list[dict[str, Any]]
    gone: str = "404"
    inclusive: bool = False
    has_more: bool = False
    told_limit: bool = True
    cap: int = 1000
    before_request: Callable[[int], None] = lambda number: None
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, arguments: dict[str, Any]) -> tuple[list[dict[str, Any]], Pagination | None]:
        self.asked.append(arguments)
        self.before_request(len(self.asked))
        rows = list(self.rows)
        if sort_by := arguments.get("sortBy"):
            by = sort_by[0]["fieldName"]
            rows.sort(key=lambda row: str(row.get(by, {}).get("value")), reverse=sort_by[0]["desc"])
        begin = 0
        if after := arguments.get("pageAfter"):
            places = [
                i
                for i, row in enumerate(rows)
                if (row["contentType"], row["id"]) == (after["contentType"], after["id"])
            ]
            if places:
                begin = places[0] + (0 if self.inclusive else 1)
            elif self.gone == "404":
                raise MegaplanNotFoundError(404, "/deal")
            elif self.gone == "422":
                raise MegaplanValidationError(
                    422, "/deal", [ErrorDetail(field=None, message="no model", type=None)]
                )
            elif self.gone == "empty":
                begin = len(rows)
        limit = min(arguments["limit"], self.cap)
        page = rows[begin : begin + limit]
        more = begin + limit < len(rows)
        return page, Pagination(
            count=len(page),
            limit=limit if self.told_limit else None,
            has_more_next=more if self.has_more else None,
        )

    def delete(self, *numbers: int) -> None:
        self.rows = [row for row in self.rows if int(row["id"]) not in numbers]

    def touch(self, number: int, minute: int) -> None:
        self.rows = [
            {**row, "timeUpdated": moment(minute)} if int(row["id"]) == number else row for row in self.rows
        ]


def walk(
    source: Any,
    *,
    page_size: int = 4,
    order: Order | None = CREATED,
    start: Trail = (),
    expected_rows: int | None = None,
    most_requests: int = 500,
    pages: list[ListPage] | None = None,
) -> list[ListPage]:
    """Drive a walk over a list to its end; ``pages`` keeps what came before an error, too."""
    walking = PageWalk(
        {"fields": ["timeCreated", "timeUpdated"]},
        page_size=page_size,
        order=order,
        start=start,
        expected_rows=expected_rows,
    )
    pages = [] if pages is None else pages
    for _ in range(most_requests):
        arguments = walking.next_arguments()
        if arguments is None:
            return pages
        try:
            rows, pagination = source.answer(arguments)
        except (MegaplanNotFoundError, MegaplanValidationError) as error:
            walking.refuse(error)
            continue
        page = walking.accept(rows, pagination)
        if page is not None:
            pages.append(page)
    pytest.fail("the walk does not end")


def all_items(pages: list[ListPage]) -> list[int]:
    return [number for page in pages for number in ids(page.items)]

"""Lists are read to their end, although rows come, go and move between pages."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from uis_hook.exceptions import UisPagingError
from uis_hook.jsonrpc import Answer
from uis_hook.paging import MAX_OFFSET, ListRequest

Rows = list[dict[str, Any]]
CALLS = ListRequest("get.calls_report", {}, "start_time", ("id",))


def call(number: int, start: int | None = None) -> dict[str, Any]:
    return {"id": number, "start_time": f"2026-01-15 10:{(number if start is None else start):02d}:00"}


def read(
    table: Rows,
    page_size: int,
    *,
    request: ListRequest = CALLS,
    between: Callable[[Rows, int], None] = lambda table, page: None,
    tells_total: bool = True,
    server_limit: int = 10_000,
) -> tuple[list[int], list[dict[str, int]]]:
    """Read a table as UIS would serve it; return the ids that came and the windows asked for."""
    pages = request.pages(page_size)
    came, windows = [], []
    while (asked := pages.next_request()) is not None:
        assert len(windows) < 200, "endless"
        window = {name: asked.params[name] for name in ("limit", "offset")}
        windows.append(window)
        # rows with the same time come in another order each time: nobody promises one
        random.Random(len(windows)).shuffle(table)
        table.sort(key=lambda row: row["start_time"])
        rows = table[window["offset"] :][: min(window["limit"], server_limit)]
        page = pages.accept(Answer(rows, "get.calls_report", len(table) if tells_total else None))
        came += [row["id"] for row in page.rows]
        between(table, len(windows))
    assert page.is_last
    return came, windows


@pytest.mark.parametrize("tells_total", [True, False])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 20, 35])
def test_every_row_comes_once(count: int, tells_total: bool) -> None:
    came, _ = read([call(number) for number in range(count)], 10, tells_total=tells_total)
    assert came == list(range(count))


def test_the_windows() -> None:
    _, windows = read([call(number) for number in range(25)], 10)
    # the last row of a page is read again: others may share its time
    assert [window["offset"] for window in windows] == [0, 9, 18]
    assert {window["limit"] for window in windows} == {10}


def test_a_total_that_fits_ends_the_list_without_another_request() -> None:
    _, windows = read([call(number) for number in range(10)], 10)
    assert len(windows) == 1


def test_equal_times_across_a_border_lose_nothing() -> None:
    table = [call(number, start=number // 4) for number in range(50)]
    came, _ = read(table, 10)
    assert sorted(came) == list(range(50))
    assert len(came) == 50


def test_a_page_full_of_equals_does_not_stop_the_reading() -> None:
    table = [call(number, start=1) for number in range(10)] + [call(number) for number in range(10, 15)]
    came, _ = read(table, 10)
    assert sorted(came) == list(range(15))


def test_rows_that_vanish_between_pages_do_not_hide_others() -> None:
    def lose_two(table: Rows, page: int) -> None:
        if page == 1:
            del table[2:4]

    came, _ = read([call(number) for number in range(30)], 10, between=lose_two)
    assert sorted(came) == list(range(30))


def test_rows_that_appear_come_too() -> None:
    def add(table: Rows, page: int) -> None:
        if page == 1:
            table.append(call(40))
        if page == 2:
            table.append(call(100, start=0))

    came, _ = read([call(number) for number in range(25)], 10, between=add)
    assert set(range(25)) | {40} <= set(came)
    assert len(came) == len(set(came))


def test_a_server_that_gives_fewer_rows_than_asked() -> None:
    came, _ = read([call(number) for number in range(25)], 10, server_limit=4)
    assert came == list(range(25))


def test_an_empty_page_before_the_end_is_no_end() -> None:
    pages = CALLS.pages(10)
    pages.accept(Answer([call(number) for number in range(10)], "get.calls", 25))
    with pytest.raises(UisPagingError, match="offset 9"):
        pages.accept(Answer([], "get.calls", 25))


def test_more_rows_than_can_be_counted_to() -> None:
    pages = ListRequest("get.calls").pages(10_000)
    for _ in range(10):
        pages.accept(Answer([{"id": random.random()} for _ in range(10_000)], "get.calls", 200_000))
    request = pages.next_request()
    assert request is not None
    assert request.params == {"limit": 10_000, "offset": MAX_OFFSET}
    with pytest.raises(UisPagingError, match=str(MAX_OFFSET)):
        pages.accept(Answer([{"id": random.random()} for _ in range(10_000)], "get.calls", 200_000))


def test_pages_are_never_larger_than_allowed() -> None:
    request = ListRequest("get.calls").pages(50_000).next_request()
    assert request is not None
    assert request.params == {"limit": 10_000, "offset": 0}


def test_rows_without_an_id_are_told_apart_by_all_they_hold() -> None:
    history = ListRequest("get.deals_history", {}, "ext_id")
    one, two = {"ext_id": "d", "stage": "1"}, {"ext_id": "d", "stage": "2"}
    pages = history.pages(2)
    assert pages.accept(Answer([one, two], "get.deals_history", 3)).rows == [one, two]
    # the same record, its keys in another order
    assert pages.accept(Answer([{"stage": "2", "ext_id": "d"}], "get.deals_history", 3)).rows == []

"""PageWalk over lists that never end, repeat themselves or become empty: an error, and soon."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from megaplan_hook.envelope import Pagination
from megaplan_hook.exceptions import MegaplanCursorError
from megaplan_hook.paging import Order
from tests.unit.megaplan_hook.fake_list import CREATED, FakeList, deal, walk


class Constant:
    """Gives the same page whatever is asked."""

    def __init__(self, rows: list[dict[str, Any]], has_more: bool | None = None) -> None:
        self.rows, self.has_more, self.asked = rows, has_more, 0

    def answer(self, arguments: dict[str, Any]) -> Any:
        self.asked += 1
        return self.rows, Pagination(None, 4, self.has_more)


class Circle:
    """Has no end: behind the last row comes a row in the middle again."""

    def __init__(self, length: int, back_to: int, has_more: bool | None) -> None:
        self.length, self.back_to, self.has_more = length, back_to, has_more

    def answer(self, arguments: dict[str, Any]) -> Any:
        after = arguments.get("pageAfter")
        number = int(after["id"]) + 1 if after else 0
        page = []
        for _ in range(4):
            if number >= self.length:
                number = self.back_to
            page.append({"contentType": "Deal", "id": str(number)})
            number += 1
        return page, Pagination(None, 4, self.has_more)


class Liar(FakeList):
    """Says that more follows, and gives nothing."""

    def answer(self, arguments: dict[str, Any]) -> Any:
        rows, _ = super().answer(arguments)
        return rows, Pagination(None, 4, True)


@pytest.mark.parametrize("expected_rows", [None, 9])
@pytest.mark.parametrize("order", [CREATED, None], ids=["order", "no order"])
@pytest.mark.parametrize(
    "source",
    [
        pytest.param(lambda: Constant([deal(n) for n in range(4)]), id="same page"),
        pytest.param(
            lambda: Constant([deal(n) for n in range(4)], True), id="same page, more said to follow"
        ),
        pytest.param(lambda: Constant([deal(1)], True), id="same row, more said to follow"),
        pytest.param(
            lambda: FakeList([deal(n) for n in range(9)], inclusive=True, cap=1),
            id="inclusive, one row a page",
        ),
        pytest.param(lambda: Liar([deal(n) for n in range(9)]), id="always more"),
    ],
)
def test_a_cursor_that_does_not_move_is_an_error_soon(
    source: Callable[[], Any], order: Order | None, expected_rows: int | None
) -> None:
    with pytest.raises(MegaplanCursorError, match=r"cursor does not move|from its beginning"):
        walk(source(), order=order, expected_rows=expected_rows, most_requests=60)


@pytest.mark.parametrize(("has_more", "expected_rows"), [(True, None), (None, None), (None, 100)])
@pytest.mark.parametrize(("length", "back_to"), [(400, 200), (400, 3), (40, 20), (400, 0), (4000, 2000)])
def test_a_circle_is_noticed(
    length: int, back_to: int, has_more: bool | None, expected_rows: int | None
) -> None:
    with pytest.raises(MegaplanCursorError):
        walk(Circle(length, back_to, has_more), order=None, expected_rows=expected_rows, most_requests=5000)


def test_a_list_that_becomes_empty_is_an_error_and_not_an_end() -> None:
    """Lost rights look like mass deletion; the caller must not take it for the end."""
    source = FakeList([deal(n) for n in range(12)], gone="empty")
    source.before_request = lambda number: source.delete(*range(12)) if number == 3 else None
    with pytest.raises(MegaplanCursorError, match="empty from its beginning"):
        walk(source)

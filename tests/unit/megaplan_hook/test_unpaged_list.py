"""Lists that are given in one go are read to their end should they have pages after all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from megaplan_hook.exceptions import (
    MegaplanCursorError,
    MegaplanForbiddenError,
    MegaplanTransportError,
    MegaplanValidationError,
)
from megaplan_hook.hook import MegaplanHook
from tests.unit.megaplan_hook.fake_server import FakeMegaplan, Reply, Request, envelope


def fields(count: int) -> list[dict[str, Any]]:
    return [
        {"contentType": "StringField" if number % 2 else "EnumField", "id": str(number), "name": f"f{number}"}
        for number in range(count)
    ]


class Definitions:
    """Serves definitions in pages of ``size``; ``vanish`` removes the rows up to a number after a request."""

    def __init__(
        self,
        count: int,
        *,
        size: int = 100,
        paged: bool = True,
        inclusive: bool = False,
        told: tuple[str, ...] = ("limit",),
        gone: str = "404",
        vanish: Callable[[int], range] = lambda request: range(0),
    ) -> None:
        self.rows = fields(count)
        self.size, self.paged, self.inclusive, self.told = size, paged, inclusive, told
        self.gone, self.vanish = gone, vanish
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: Request) -> Reply:
        self.asked.append(request.arguments)
        rows, cursor = self.rows, request.arguments.get("pageAfter")
        self.rows = [row for row in rows if int(row["id"]) not in self.vanish(len(self.asked))]
        if not self.paged:
            return Reply(envelope(rows))
        start = 0
        if cursor is not None:
            places = [place for place, row in enumerate(rows) if row["id"] == cursor["id"]]
            if not places and self.gone == "404":
                return Reply(envelope({}, 404), 404)
            if not places and self.gone == "empty":
                return Reply(envelope([]))
            start = places[0] + (not self.inclusive) if places else 0
        size = min(self.size, request.arguments.get("limit", self.size))
        pagination: dict[str, Any] = {"limit": size} if "limit" in self.told else {}
        if "more" in self.told:
            pagination["hasMoreNext"] = start + size < len(rows)
        return Reply(envelope(rows[start : start + size], pagination=pagination))


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 162, 199, 200, 250, 1640])
@pytest.mark.parametrize("told", [(), ("limit",), ("limit", "more"), ("more",)])
@pytest.mark.parametrize("inclusive", [False, True])
def test_every_list_is_read_to_its_end(
    hook: MegaplanHook, megaplan: FakeMegaplan, count: int, told: tuple[str, ...], inclusive: bool
) -> None:
    """Custom fields beyond the first hundred were missing, and the certificate said "proven"."""
    megaplan.answer = served = Definitions(count, told=told, inclusive=inclusive)
    assert hook.extra_fields("deal") == fields(count)
    assert served.asked[0] == {}
    if count < 100:
        assert len(served.asked) == 1


@pytest.mark.parametrize("size", [2, 7, 50])
def test_smaller_pages_are_read_to_their_end(hook: MegaplanHook, megaplan: FakeMegaplan, size: int) -> None:
    megaplan.answer = Definitions(162, size=size)
    assert hook.program_states(3) == fields(162)


@pytest.mark.parametrize("count", [99, 100, 250])
def test_a_list_without_pages_is_requested_at_most_once_more(
    hook: MegaplanHook, megaplan: FakeMegaplan, count: int
) -> None:
    megaplan.answer = served = Definitions(count, paged=False)
    assert hook.extra_fields("deal") == fields(count)
    assert len(served.asked) == 1 + (count >= 100)


def test_a_route_that_knows_no_pages_has_given_all(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    refusal = {"field": None, "message": 'There is extra field "pageAfter", which is not defined for …'}

    def answer(request: Request) -> Reply:
        return Reply(envelope({}, 422, [refusal]), 422) if request.query else Reply(envelope(fields(130)))

    megaplan.answer = answer
    assert hook.extra_fields("deal") == fields(130)


@pytest.mark.parametrize("gone", ["404", "empty", "restart"])
def test_a_cursor_that_vanished_begins_the_list_anew(
    hook: MegaplanHook, megaplan: FakeMegaplan, gone: str
) -> None:
    megaplan.answer = served = Definitions(
        240, gone=gone, vanish=lambda request: range(98, 100) if request == 1 else range(0)
    )
    read = hook.extra_fields("deal")
    assert len(served.rows) == 238
    assert all(row in read for row in served.rows)


def test_a_cursor_that_vanishes_again_and_again_is_an_error(
    hook: MegaplanHook, megaplan: FakeMegaplan
) -> None:
    megaplan.answer = Definitions(1000, vanish=lambda request: range(100 * request - 110, 100 * request + 10))
    with pytest.raises(MegaplanCursorError, match="the cursor does not move") as caught:
        hook.extra_fields("deal")
    assert caught.value.retryable


def test_odd_entries_are_kept_for_the_caller(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    odd: list[Any] = [None, {"name": "without id"}, "text", *fields(2)]
    megaplan.in_turn(Reply(envelope(odd)))
    assert hook.extra_fields("deal") == odd
    megaplan.in_turn(Reply(envelope({"10": fields(2)[1], "2": fields(2)[0]})))
    assert hook.extra_fields("deal") == fields(2)


def test_other_refusals_are_raised(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    megaplan.in_turn(Reply(envelope({}, 422), 422))
    with pytest.raises(MegaplanValidationError):
        hook.extra_fields("deal")
    megaplan.in_turn(Reply(envelope({}, 403), 403))
    with pytest.raises(MegaplanForbiddenError):
        hook.extra_fields("deal")
    megaplan.in_turn(Reply(envelope("no list")))
    with pytest.raises(MegaplanTransportError, match="'data' is no list"):
        hook.extra_fields("deal")
    megaplan.in_turn(Reply(envelope([{"name": f"without id {number}"} for number in range(100)])))
    with pytest.raises(MegaplanCursorError, match="without a row"):
        hook.extra_fields("deal")


def test_a_list_without_an_end_is_given_up(hook: MegaplanHook, megaplan: FakeMegaplan) -> None:
    numbers = iter(range(10**9))

    def answer(request: Request) -> Reply:
        known = [request.arguments["pageAfter"]] if request.query else []
        rows = [{"contentType": "EnumField", "id": f"n{next(numbers)}"} for _ in range(2)]
        return Reply(envelope([*known, *rows], pagination={"limit": 2}))

    megaplan.answer = answer
    with pytest.raises(MegaplanCursorError, match="no end after"):
        hook.extra_fields("deal")

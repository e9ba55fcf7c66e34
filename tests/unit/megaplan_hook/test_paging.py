"""PageWalk over a list that lives in memory and behaves like Megaplan, or worse."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from megaplan_hook.envelope import Pagination
from megaplan_hook.exceptions import (
    ErrorDetail,
    MegaplanCursorError,
    MegaplanNotFoundError,
    MegaplanValidationError,
)
from megaplan_hook.paging import ListPage, Order, PageWalk, Trail
from megaplan_hook.sort_keys import sort_key
from tests.unit.megaplan_hook.fake_list import (
    CREATED,
    GONE_FORMS,
    UPDATED,
    FakeList,
    all_items,
    deal,
    ids,
    walk,
)

# -- ends and costs


@pytest.mark.parametrize("told_limit", [True, False], ids=["limit told", "limit not told"])
@pytest.mark.parametrize(
    ("rows", "has_more", "requests"),
    [
        pytest.param(0, False, 1, id="empty"),
        pytest.param(3, False, 1, id="short"),
        pytest.param(4, False, 3, id="full last page: the empty one and its proof"),
        pytest.param(4, True, 1, id="full last page, hasMoreNext says so"),
        pytest.param(9, False, 3, id="short last page"),
        pytest.param(12, False, 5, id="three full pages"),
        pytest.param(12, True, 3, id="three full pages, hasMoreNext"),
        pytest.param(13, True, 4, id="hasMoreNext and a short last page"),
    ],
)
def test_a_walk_costs_no_needless_requests(
    rows: int, has_more: bool, requests: int, told_limit: bool
) -> None:
    source = FakeList([deal(n) for n in range(rows)], has_more=has_more, told_limit=told_limit)
    pages = walk(source)
    assert all_items(pages) == list(range(rows))
    assert len(source.asked) == requests
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]


def test_arguments_carry_limit_order_and_the_concrete_type_of_the_last_row() -> None:
    source = FakeList(
        [
            {**deal(1), "contentType": "ContractorHuman"},
            {**deal(2), "contentType": "ContractorCompany"},
            deal(3),
        ]
    )
    walk(source, page_size=2)
    assert source.asked[0] == {
        "fields": ["timeCreated", "timeUpdated"],
        "limit": 2,
        "sortBy": [{"contentType": "SortField", "fieldName": "timeCreated", "desc": False}],
    }
    assert source.asked[1]["pageAfter"] == {"contentType": "ContractorCompany", "id": "2"}


def test_without_an_order_no_sort_by_is_sent() -> None:
    source = FakeList([deal(n) for n in range(9)])
    assert all_items(walk(source, order=None)) == list(range(9))
    assert all("sortBy" not in asked for asked in source.asked)


def test_a_limit_lower_than_asked_does_not_end_the_walk() -> None:
    source = FakeList([deal(n) for n in range(25)], cap=10)
    assert all_items(walk(source, page_size=500)) == list(range(25))
    assert len(source.asked) == 3


def test_an_untold_limit_of_a_hundred_does_not_end_the_walk() -> None:
    source = FakeList([deal(n) for n in range(250)], cap=100, told_limit=False)
    assert all_items(walk(source, page_size=500)) == list(range(250))


def test_a_short_page_is_not_the_last_when_more_is_said_to_follow() -> None:
    class Holes(FakeList):
        def answer(self, arguments: dict[str, Any]) -> Any:
            rows, pagination = super().answer(arguments)
            return (rows[:2], Pagination(2, 4, True)) if len(rows) > 2 else (rows, pagination)

    assert all_items(walk(Holes([deal(n) for n in range(6)], has_more=True))) == list(range(6))


@pytest.mark.parametrize("has_more", [True, False])
@pytest.mark.parametrize("rows", [4, 5, 12, 13])
def test_an_inclusive_cursor_gives_every_row_once(rows: int, has_more: bool) -> None:
    source = FakeList([deal(n) for n in range(rows)], inclusive=True, has_more=has_more)
    assert all_items(walk(source)) == list(range(rows))


def test_a_row_twice_in_one_page_comes_once() -> None:
    assert all_items(walk(FakeList([deal(1), deal(2), deal(2)]))) == [1, 2]


def test_bare_links_are_items_and_borrow_the_key_before_them() -> None:
    rows = [deal(0), {"contentType": "Deal", "id": "1"}, deal(2)]

    class AsPrinted(FakeList):
        def answer(self, arguments: dict[str, Any]) -> Any:
            return rows, Pagination(3, 4, None)

    (page,) = walk(AsPrinted([]))
    assert ids(page.items) == [0, 1, 2]
    assert [anchor["key"] for anchor in page.trail] == [
        "2026-09-01T00:00:00.000000Z",
        "2026-09-01T00:00:00.000000Z",
        "2026-09-01T00:02:00.000000Z",
    ]


# -- the row under the cursor is gone


@pytest.mark.parametrize("has_more", [True, False], ids=["hasMoreNext", "no hasMoreNext"])
@pytest.mark.parametrize("gone", GONE_FORMS)
@pytest.mark.parametrize(
    "deleted",
    [
        pytest.param((7,), id="cursor"),
        pytest.param((6, 7), id="cursor and its neighbour"),
        pytest.param((4, 5, 6, 7), id="the whole page"),
        pytest.param((3, 4, 5, 6, 7), id="the whole page and the row before"),
        pytest.param((0, 1, 2, 3, 4, 5, 6, 7), id="everything so far"),
    ],
)
def test_nothing_is_lost_when_the_cursor_is_deleted(
    gone: str, deleted: tuple[int, ...], has_more: bool
) -> None:
    source = FakeList([deal(n) for n in range(18)], gone=gone, has_more=has_more)
    source.before_request = lambda number: source.delete(*deleted) if number == 3 else None
    assert all_items(walk(source)) == list(range(18))


@pytest.mark.parametrize("gone", GONE_FORMS)
@pytest.mark.parametrize("order", [CREATED, None], ids=["by timeCreated", "without order"])
def test_stepping_back_costs_one_request(gone: str, order: Order | None) -> None:
    source = FakeList([deal(n) for n in range(18)], gone=gone)
    source.before_request = lambda number: source.delete(7) if number == 3 else None
    assert all_items(walk(source, order=order)) == list(range(18))
    assert [asked.get("pageAfter", {}).get("id") for asked in source.asked] == [
        None,
        "3",
        "7",
        "6",
        "11",
        "15",
    ]


@pytest.mark.parametrize("gone", GONE_FORMS)
def test_deleting_the_very_last_row_ends_the_walk(gone: str) -> None:
    source = FakeList([deal(n) for n in range(8)], gone=gone)
    source.before_request = lambda number: source.delete(7) if number == 3 else None
    assert all_items(walk(source)) == list(range(8))


@pytest.mark.parametrize("gone", [*GONE_FORMS, "moved"])
def test_in_a_descending_walk_the_cursor_may_jump_to_the_top(gone: str) -> None:
    """Its page then begins at the top: keys above the cursor's own betray it."""
    source = FakeList([deal(n) for n in range(18)], gone=gone)

    def before(number: int) -> None:
        if number == 3:
            source.touch(10, 500)
            if gone != "moved":
                source.delete(10)

    source.before_request = before
    items = all_items(walk(source, order=UPDATED))
    assert set(items) == set(range(18))
    assert items.count(10) <= 2


def test_rows_with_the_cursors_own_key_are_no_restart() -> None:
    source = FakeList([deal(n, minute=n // 10) for n in range(40)])
    assert all_items(walk(source)) == list(range(40))
    assert len(source.asked) == 10 + 2


def test_a_row_that_moved_ahead_comes_again_as_a_new_version() -> None:
    ascending = Order("timeUpdated")
    source = FakeList([deal(n) for n in range(10)])
    source.before_request = lambda number: source.touch(1, 300) if number == 2 else None
    assert all_items(walk(source, order=ascending)) == [*range(10), 1]


# -- resuming


@pytest.mark.parametrize("gone", GONE_FORMS)
@pytest.mark.parametrize("stop_after", [1, 2, 3, 4])
def test_a_stored_trail_goes_on_where_the_walk_was_killed(gone: str, stop_after: int) -> None:
    rows = [deal(n) for n in range(18)]
    before = walk(FakeList(rows))[:stop_after]
    trail = tuple(json.loads(json.dumps(before[-1].trail)))
    source = FakeList(rows, gone=gone)
    source.delete(int(trail[-1]["id"]))
    again = walk(source, start=trail)
    assert all_items(before) + all_items(again) == list(range(18))


def test_resuming_behind_the_last_row_proves_the_end() -> None:
    rows = [deal(n) for n in range(8)]
    trail = walk(FakeList(rows))[-1].trail
    source = FakeList(rows)
    pages = walk(source, start=trail)
    assert all_items(pages) == []
    assert pages[-1].is_last
    assert len(source.asked) == 2


def test_a_trail_is_small_and_plain() -> None:
    pages = walk(FakeList([deal(n) for n in range(2000)]), page_size=100)
    assert max(len(page.trail) for page in pages) == 19
    ids_of_trail = [int(anchor["id"]) for anchor in pages[14].trail]
    assert ids_of_trail == [*range(499, 1400, 100), 1400, 1435, 1467, 1483, 1491, 1495, 1497, 1498, 1499]
    assert pages[14].trail[-1]["key"] == sort_key(deal(1499), CREATED)


@pytest.mark.parametrize(
    ("message", "raises"),
    [
        ('There is extra field "x", which is not defined for content type "TradeFilter"', True),
        ("Deal have not this fields", True),
        ("Entity not found", False),
        ("'stdClass' is not assignable to 'BaseEntity'", False),
    ],
)
def test_on_resume_a_422_about_fields_is_raised_at_once(message: str, raises: bool) -> None:
    rows = [deal(n) for n in range(18)]
    trail = walk(FakeList(rows))[1].trail
    walking = PageWalk(page_size=4, order=CREATED, start=trail)
    walking.next_arguments()
    error = MegaplanValidationError(422, "/deal", [ErrorDetail(field=None, message=message, type=None)])
    if raises:
        with pytest.raises(MegaplanValidationError):
            walking.refuse(error)
    else:
        walking.refuse(error)
        assert walking.next_arguments()["pageAfter"]["id"] == "6"  # type: ignore[index]


@pytest.mark.parametrize(
    "error", [MegaplanNotFoundError(404, "/deal"), MegaplanValidationError(422, "/deal")]
)
def test_an_error_of_the_first_page_is_raised(error: Any) -> None:
    walking = PageWalk(page_size=4)
    walking.next_arguments()
    with pytest.raises(type(error)):
        walking.refuse(error)


# -- programming errors


def test_an_order_whose_field_is_not_requested_is_refused_before_any_request() -> None:
    with pytest.raises(ValueError, match="timeUpdated"):
        PageWalk({"fields": ["name"], "onlyRequestedFields": True}, order=UPDATED)
    PageWalk({"fields": ["name", {"timeUpdated": []}], "onlyRequestedFields": True}, order=UPDATED)


@pytest.mark.parametrize("name", ["limit", "sortBy", "pageAfter"])
def test_the_walks_own_arguments_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        PageWalk({name: 1})


# -- odd rows

ODD = {
    "null": None,
    "a text": "Deal",
    "without an id": {"contentType": "Deal"},
    "a list for an id": {"contentType": "Deal", "id": ["1"]},
    "an id that fits into no address": {"contentType": "Deal", "id": "9" * 5000},
    "a content type that fits into no address": {"contentType": "D" * 5000, "id": "1"},
}


@pytest.mark.parametrize("entry", ODD.values(), ids=ODD)
def test_what_no_cursor_can_stand_behind_ends_no_walk(entry: Any) -> None:
    """On its own on the last page, or on a page that it fills: then a larger one is asked for."""
    one, two = ({"contentType": "Deal", "id": identity} for identity in "12")
    walking = PageWalk(page_size=2)
    asked = walking.next_arguments()
    assert asked
    assert asked["limit"] == 2
    assert walking.accept([entry, entry], Pagination(limit=2)) is None
    asked = walking.next_arguments()
    assert asked
    assert asked["limit"] == 4
    page = walking.accept([entry, entry, one, two], Pagination(limit=4))
    assert page
    assert ([row["id"] for row in page.items], page.odd) == (["1", "2"], [entry, entry])
    walking.next_arguments()
    last = walking.accept([entry], Pagination(limit=4))
    assert last
    assert (last.items, last.odd, last.is_last) == ([], [entry], True)
    assert walking.next_arguments() is None


def test_a_whole_page_without_any_row_is_an_error() -> None:
    walking = PageWalk(page_size=100)
    with pytest.raises(MegaplanCursorError, match="no entry of a whole page"):
        walking.accept([None] * 100)


@pytest.mark.parametrize(
    "value", [None, 5, {}, {"value": "0001-01-01T00:00:00+03:00"}, {"value": []}, {"value": "2026-W05-1"}]
)
def test_a_row_without_a_usable_place_in_the_order_stops_nothing(value: Any) -> None:
    if isinstance(value, dict):
        value = {"contentType": "DateTime", **value}
    for row in ({"timeUpdated": value}, {"name": "x"}):
        page = PageWalk(order=UPDATED).accept([{"contentType": "Deal", "id": "1", **row}])
        assert page
        assert page.is_last


# -- all together


def walk_stubbornly(source: Any, start: Trail, **how: Any) -> list[ListPage]:
    """Go on from the last trail when a walk gives up, as a retried task does."""
    pages: list[ListPage] = []
    for _ in range(5):
        try:
            return walk(source, start=pages[-1].trail if pages else start, pages=pages, **how)
        except MegaplanCursorError:
            continue
    pytest.fail("gives up again and again")


@pytest.mark.parametrize("expected_rows", [None, 0, 60])
@pytest.mark.parametrize("seed", range(300))
def test_whatever_happens_nothing_that_stays_is_missed(seed: int, expected_rows: int | None) -> None:
    """Every row that exists from begin to end comes, and the walk ends."""
    dice = random.Random(seed)
    count = dice.randrange(0, 120)
    order = dice.choice([CREATED, UPDATED, None])
    source = FakeList(
        [deal(n, minute=n // dice.choice([1, 1, 7])) for n in range(count)],
        gone=dice.choice(GONE_FORMS),
        inclusive=dice.random() < 0.2,
        has_more=dice.random() < 0.5,
    )
    # a cap that is told nowhere cannot be told from the end
    source.told_limit = dice.random() < 0.8
    source.cap = dice.choice([5, 7, 1000]) if source.told_limit or source.has_more else 1000
    victims: set[int] = set()
    touched: set[int] = set()

    def before(number: int) -> None:
        last = source.asked[-1].get("pageAfter")
        if number > 1 and last and dice.random() < 0.3 and len(source.rows) > 10:
            around = [i for i in (int(last["id"]), dice.randrange(count)) if i not in victims][
                : dice.randrange(1, 3)
            ]
            victims.update(around)
            source.delete(*around)
        if order is UPDATED and last and dice.random() < 0.2:
            source.touch(int(last["id"]), 1000 + number)
            touched.add(int(last["id"]))

    source.before_request = before
    page_size = dice.choice([3, 10, 50])
    pages: list[ListPage] = []
    trail: Trail = ()
    if dice.random() < 0.3:
        part = walk_stubbornly(source, (), page_size=page_size, order=order, expected_rows=expected_rows)
        pages = part[: dice.randrange(1, len(part) + 1)]
        trail = pages[-1].trail
        # what moved to the top in the forgotten part belongs to the next walk from the top
        victims |= touched
    pages = pages + walk_stubbornly(
        source, trail, page_size=page_size, order=order, expected_rows=expected_rows
    )
    assert set(all_items(pages)) >= set(range(count)) - victims
    assert pages[-1].is_last

"""What a walk over a whole list costs when it is told roughly how long the list is.

Pages mostly have 10 rows here: 100 rows stand for the 10,000 of pages of 100, and half a page of pages is 5.
"""

from __future__ import annotations

from math import ceil

import pytest

from megaplan_hook.paging import ListPage, Order
from tests.unit.megaplan_hook.fake_list import (
    CREATED,
    GONE_FORMS,
    UPDATED,
    FakeList,
    all_items,
    deal,
    walk,
)

LENGTHS = (0, 1, 9, 10, 11, 19, 20, 21, 89, 90, 91, 99, 100, 101, 189, 190, 199, 200, 201, 399, 400, 401)


def cursors(source: FakeList) -> list[int | None]:
    """Return behind which row each page was asked for."""
    return [int(asked["pageAfter"]["id"]) if "pageAfter" in asked else None for asked in source.asked]


def assert_every_row_comes_once(pages: list[ListPage], rows: int) -> None:
    assert all_items(pages) == list(range(rows))
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]


def most_requests(rows: int, page: int, *, inclusive: bool, has_more: bool) -> int:
    """Return what a walk costs at most that was told the length about right."""
    if inclusive:
        needed = max(1, ceil((rows - 1) / (page - 1)))
        return needed if has_more else needed + (rows > 1)
    return max(1, ceil(rows / page)) if has_more else ceil(rows / page) + 1


# -- the bound


@pytest.mark.parametrize("has_more", [False, True], ids=["no hasMoreNext", "hasMoreNext"])
@pytest.mark.parametrize("inclusive", [False, True], ids=["exclusive", "inclusive"])
@pytest.mark.parametrize(
    ("page_size", "cap", "told_limit"),
    [
        pytest.param(10, 1000, True, id="limit told"),
        pytest.param(10, 1000, False, id="limit not told"),
        pytest.param(25, 10, True, id="limit cut down"),
    ],
)
@pytest.mark.parametrize("off_by", [0, -30, -7, 7, 50], ids=lambda rows: f"off by {rows}")
@pytest.mark.parametrize("rows", LENGTHS)
def test_a_length_about_right_makes_a_walk_cost_one_request_beyond_its_pages_at_most(
    rows: int, off_by: int, page_size: int, cap: int, told_limit: bool, inclusive: bool, has_more: bool
) -> None:
    source = FakeList(
        [deal(n) for n in range(rows)],
        inclusive=inclusive,
        has_more=has_more,
        cap=cap,
        told_limit=told_limit,
    )
    pages = walk(source, page_size=page_size, order=None, expected_rows=rows + off_by)
    assert_every_row_comes_once(pages, rows)
    assert len(source.asked) <= most_requests(rows, 10, inclusive=inclusive, has_more=has_more)


@pytest.mark.parametrize("inclusive", [False, True], ids=["exclusive", "inclusive"])
@pytest.mark.parametrize("expected_rows", [None, -20, 0, 10, 10**6], ids=lambda rows: f"told {rows}")
@pytest.mark.parametrize("rows", LENGTHS)
def test_a_length_far_off_or_untold_costs_one_request_more(
    rows: int, expected_rows: int | None, inclusive: bool
) -> None:
    source = FakeList([deal(n) for n in range(rows)], inclusive=inclusive)
    assert_every_row_comes_once(walk(source, page_size=10, order=None, expected_rows=expected_rows), rows)
    short_list = expected_rows is not None and expected_rows <= 50 and rows < 10 + 9 * 9
    bound = most_requests(rows, 10, inclusive=inclusive, has_more=False)
    assert len(source.asked) <= bound + (not inclusive and not short_list)


@pytest.mark.parametrize("page", [3, 4, 5])
def test_how_far_off_the_length_may_be(page: int) -> None:
    """Every length with every guess: pages overlap from page // 2 pages before the guess, page - 1 times."""
    for rows in range(1, 40):
        for expected_rows in range(0, 60):
            source = FakeList([deal(n) for n in range(rows)])
            assert_every_row_comes_once(
                walk(source, page_size=page, order=None, expected_rows=expected_rows), rows
            )
            begin = expected_rows - page // 2 * page
            reached = begin <= rows < max(page, begin) + (page - 1) ** 2
            assert len(source.asked) <= ceil(rows / page) + (1 if reached else 2), (rows, expected_rows)


@pytest.mark.parametrize(
    ("rows", "off_by"), [(9_900, 0), (10_000, -4800), (10_000, 0), (10_000, 5000), (20_000, 0)]
)
def test_pages_of_a_hundred(rows: int, off_by: int) -> None:
    source = FakeList([deal(n) for n in range(rows)])
    assert_every_row_comes_once(walk(source, page_size=100, order=None, expected_rows=rows + off_by), rows)
    assert len(source.asked) <= rows / 100 + 1


# -- which pages overlap


def test_a_page_with_only_the_known_row_shows_the_end() -> None:
    source = FakeList([deal(n) for n in range(4)])
    _, last = walk(source, expected_rows=4)
    assert cursors(source) == [None, 2]
    assert (last.items, last.data, last.is_last) == ([], [deal(3)], True)
    assert last.trail[-1]["id"] == "3"


def test_pages_overlap_only_where_the_end_is_thought_to_be() -> None:
    source = FakeList([deal(n) for n in range(200)])
    walk(source, page_size=10, expected_rows=101)
    # from 60 rows on, 9 times 9 rows
    assert cursors(source) == [
        *(None, 9, 19, 29, 39, 49),
        *range(58, 58 + 9 * 9, 9),
        *(140, 150, 160, 170, 180, 190),
    ]


def test_a_trail_holds_the_row_that_led_to_its_page_and_the_newest_row() -> None:
    pages = walk(FakeList([deal(n) for n in range(12)]), expected_rows=12)
    assert [anchor["id"] for anchor in pages[1].trail] == ["2", "3", "4", "5", "6"]


def test_without_a_length_no_page_overlaps() -> None:
    source = FakeList([deal(n) for n in range(10)])
    walk(source)
    assert cursors(source) == [None, 3, 7]


def test_with_has_more_next_no_page_overlaps() -> None:
    source = FakeList([deal(n) for n in range(10)], has_more=True)
    walk(source, expected_rows=10)
    assert cursors(source) == [None, 3, 7]


def test_an_inclusive_cursor_overlaps_by_itself() -> None:
    source = FakeList([deal(n) for n in range(12)], inclusive=True)
    walk(source, expected_rows=12)
    assert cursors(source) == [None, 2, 5, 8, 11]


@pytest.mark.parametrize(
    ("page_size", "cap", "inclusive"),
    [
        pytest.param(1, 1000, False, id="one row"),
        pytest.param(4, 1, False, id="cut down to one row"),
        pytest.param(2, 1000, False, id="two rows"),
        pytest.param(2, 1000, True, id="two rows, inclusive"),
        pytest.param(4, 2, True, id="cut down to two rows, inclusive"),
    ],
)
def test_pages_of_one_or_two_rows_do_not_overlap(page_size: int, cap: int, inclusive: bool) -> None:
    source, plain = (FakeList([deal(n) for n in range(6)], cap=cap, inclusive=inclusive) for _ in range(2))
    assert_every_row_comes_once(walk(source, page_size=page_size, expected_rows=6), 6)
    walk(plain, page_size=page_size)
    assert cursors(source) == cursors(plain)


def test_a_resumed_walk_is_told_what_is_left() -> None:
    rows = [deal(n) for n in range(200)]
    before = walk(FakeList(rows), page_size=10, expected_rows=200)[:12]
    source = FakeList(rows)
    again = walk(source, page_size=10, start=before[-1].trail, expected_rows=80)
    assert all_items(before) + all_items(again) == list(range(200))
    # 120 rows were read: from 30 of the other 80 on
    assert cursors(source) == [119, 129, 139, 148, 157, 166, 175, 184, 193]


# -- rows that vanish and move under overlapping pages


@pytest.mark.parametrize("gone", GONE_FORMS)
@pytest.mark.parametrize("order", [CREATED, None], ids=["by timeCreated", "without order"])
@pytest.mark.parametrize("rows", [7, 8, 10, 18])
@pytest.mark.parametrize(
    "deleted",
    [
        pytest.param((5,), id="cursor"),
        pytest.param((6,), id="known row"),
        pytest.param((5, 6), id="cursor and known row"),
        pytest.param((4, 5), id="cursor and the row before"),
        pytest.param((3, 4, 5, 6), id="the whole page"),
        pytest.param((2, 3, 4, 5, 6), id="the whole page and the row before"),
    ],
)
def test_nothing_is_lost_when_rows_of_an_overlap_are_deleted(
    deleted: tuple[int, ...], rows: int, order: Order | None, gone: str
) -> None:
    source = FakeList([deal(n) for n in range(rows)], gone=gone)
    source.before_request = lambda number: source.delete(*deleted) if number == 3 else None
    pages = walk(source, order=order, expected_rows=8)
    assert cursors(source)[:3] == [None, 2, 5]
    assert_every_row_comes_once(pages, rows)


@pytest.mark.parametrize("gone", GONE_FORMS)
def test_stepping_back_from_an_overlap_costs_one_request(gone: str) -> None:
    source = FakeList([deal(n) for n in range(12)], gone=gone)
    source.before_request = lambda number: source.delete(5) if number == 3 else None
    assert_every_row_comes_once(walk(source, expected_rows=12), 12)
    # behind 4 come 6, which is known, and 7, 8, 9
    assert cursors(source) == [None, 2, 5, 4, 8]


def test_a_known_row_that_is_gone_costs_nothing() -> None:
    source = FakeList([deal(n) for n in range(9)])
    source.before_request = lambda number: source.delete(6) if number == 3 else None
    pages = walk(source, expected_rows=9)
    assert [row["id"] for row in pages[-1].data] == ["7", "8"]
    assert_every_row_comes_once(pages, 9)
    assert cursors(source) == [None, 2, 5]


@pytest.mark.parametrize("gone", GONE_FORMS)
def test_an_empty_page_behind_an_overlap_still_has_to_be_proved(gone: str) -> None:
    """The known row was the last one and is gone: the list ends with the row under the cursor."""
    source = FakeList([deal(n) for n in range(7)], gone=gone)
    source.before_request = lambda number: source.delete(6) if number == 3 else None
    assert_every_row_comes_once(walk(source, expected_rows=7), 7)
    assert cursors(source) == [None, 2, 5, 4]


@pytest.mark.parametrize(
    ("moved", "comes_again"),
    [
        pytest.param(4, True, id="row before the cursor"),
        pytest.param(5, True, id="cursor"),
        pytest.param(6, True, id="known row"),
        pytest.param(8, False, id="row to come"),
    ],
)
@pytest.mark.parametrize("rows", [9, 10, 18])
def test_nothing_is_lost_when_rows_of_an_overlap_jump_to_the_top(
    rows: int, moved: int, comes_again: bool
) -> None:
    """In a walk from the latest change on; what is read before it jumps has come, what jumps before has not."""
    latest_first = list(reversed(range(rows)))
    jumping = latest_first[moved]
    source = FakeList([deal(n) for n in range(rows)])
    source.before_request = lambda number: source.touch(jumping, 500) if number == 3 else None
    pages = walk(source, order=UPDATED, expected_rows=8)
    assert cursors(source)[:3] == [None, latest_first[2], latest_first[5]]
    items = all_items(pages)
    assert [n for n in items if n != jumping] == [n for n in latest_first if n != jumping]
    assert (jumping in items) is comes_again


def test_pages_that_only_lead_back_to_new_ground_do_not_overlap() -> None:
    """Every row of the trail is deleted, so that the walk passes the beginning of the list once more."""
    source = FakeList([deal(n) for n in range(60)])
    pages: list[ListPage] = []
    source.before_request = lambda number: (
        source.delete(*(int(anchor["id"]) for anchor in pages[-1].trail)) if number == 5 else None
    )
    walk(source, page_size=10, expected_rows=60, pages=pages)
    assert_every_row_comes_once(pages, 60)
    again = [place for place, page in enumerate(pages) if not page.items and not page.is_last]
    assert len(again) == 2
    asked = cursors(source)
    begun_anew = asked.index(None, 1)
    assert asked[begun_anew + 1 : begun_anew + 3] == [int(pages[place].data[-1]["id"]) for place in again]


def test_a_list_that_grows_meanwhile_is_read_to_its_new_end() -> None:
    source = FakeList([deal(n) for n in range(8)])
    source.before_request = lambda number: (
        source.rows.extend(deal(n) for n in range(8, 20)) if number == 3 else None
    )
    assert_every_row_comes_once(walk(source, expected_rows=8), 20)

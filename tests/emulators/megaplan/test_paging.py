"""Pages by cursor."""

from typing import Any

import pytest

from tests.emulators.megaplan_client import Client, link

PAGE: dict[str, Any] = {"fields": ["name"], "onlyRequestedFields": True}


def ids(rows: list[dict[str, str]]) -> list[str]:
    return [row["id"] for row in rows]


def test_the_default_page_has_a_hundred_rows(megaplan: Client) -> None:
    answer = megaplan.get("/deal").json()
    assert len(answer["data"]) == 100
    assert answer["meta"] == {"status": 200, "errors": [], "pagination": {"count": 100, "limit": 100}}


def test_a_card_has_an_empty_array_for_pagination(megaplan: Client) -> None:
    assert megaplan.get("/deal/1001").json()["meta"]["pagination"] == []


def test_pages_follow_each_other_without_gaps(megaplan: Client) -> None:
    assert ids(megaplan.walk("/deal", limit=7, **PAGE)) == ids(megaplan.walk("/deal", **PAGE))


def test_a_page_after_the_last_row_is_empty(megaplan: Client) -> None:
    last = megaplan.walk("/deal", **PAGE)[-1]
    assert megaplan.rows("/deal", pageAfter=link(last)) == []


def test_page_after_excludes_its_row(megaplan: Client) -> None:
    first, second = megaplan.rows("/deal", limit=2, **PAGE)
    assert megaplan.rows("/deal", limit=1, pageAfter=link(first), **PAGE) == [second]


def test_page_after_can_be_made_inclusive(megaplan: Client) -> None:
    megaplan.control("knobs", {"page_after_inclusive": True})
    first = megaplan.rows("/deal", limit=1, **PAGE)[0]
    assert megaplan.rows("/deal", limit=1, pageAfter=link(first), **PAGE) == [first]


def test_page_before_ends_just_before_its_row(megaplan: Client) -> None:
    rows = megaplan.rows("/deal", limit=10, **PAGE)
    assert megaplan.rows("/deal", limit=3, pageBefore=link(rows[5]), **PAGE) == rows[2:5]


def test_page_with_contains_its_row(megaplan: Client) -> None:
    rows = megaplan.rows("/deal", limit=10, **PAGE)
    assert megaplan.rows("/deal", limit=4, pageWith=link(rows[5]), **PAGE) == rows[4:8]


def test_ids_in_a_cursor_may_be_numbers(megaplan: Client) -> None:
    cursor = {"contentType": "Deal", "id": 1001}
    assert megaplan.rows("/deal", limit=1, pageAfter=cursor)[0]["id"] == "1002"


@pytest.mark.parametrize("content_type", ["Contractor", "Nonsense", "Employee", None])
def test_a_cursor_without_a_concrete_type_of_the_list_is_refused(megaplan: Client, content_type: str) -> None:
    cursor = {"contentType": content_type, "id": "1000002"}
    assert megaplan.get("/contractor", pageAfter=cursor).status_code == 422


def test_an_abstract_cursor_can_be_accepted(megaplan: Client) -> None:
    megaplan.control("knobs", {"abstract_cursor": "accept"})
    assert (
        megaplan.get("/contractor", pageAfter={"contentType": "Contractor", "id": "1000002"}).status_code
        == 200
    )


def test_contractors_are_paged_with_concrete_cursors(megaplan: Client) -> None:
    rows = megaplan.walk("/contractor", limit=9, **PAGE)
    assert len(set(ids(rows))) == len(rows) == 100  # 100 and ourselves, one of them dropped


@pytest.mark.parametrize(("knob", "status"), [("404", 404), ("422", 422), ("empty", 200), ("restart", 200)])
def test_a_cursor_that_is_gone_is_answered_as_the_knob_says(megaplan: Client, knob: str, status: int) -> None:
    megaplan.control("knobs", {"gone_cursor": knob})
    rows = megaplan.rows("/deal", limit=5, **PAGE)
    megaplan.mutate(op="delete_deal", id=rows[4]["id"])
    answer = megaplan.get("/deal", limit=4, pageAfter=link(rows[4]), **PAGE)
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["data"] == ([] if knob == "empty" else rows[:4])


def test_a_limit_above_the_cap_is_cut(megaplan: Client) -> None:
    megaplan.control("knobs", {"limit_cap": 20})
    answer = megaplan.get("/deal", limit=500).json()
    assert (len(answer["data"]), answer["meta"]["pagination"]["limit"]) == (20, 20)


def test_the_cap_can_be_lifted(megaplan: Client) -> None:
    megaplan.control("knobs", {"limit_cap": 0})
    assert len(megaplan.rows("/deal", limit=1000)) == 250


def test_has_more_next_is_given_on_demand(megaplan: Client) -> None:
    megaplan.control("knobs", {"emit_has_more": True})
    assert megaplan.get("/deal", limit=249).json()["meta"]["pagination"]["hasMoreNext"] is True
    first = megaplan.rows("/deal", limit=100)
    second = megaplan.rows("/deal", limit=100, pageAfter=link(first[-1]))
    last = megaplan.get("/deal", limit=50, pageAfter=link(second[-1])).json()
    assert last["meta"]["pagination"]["hasMoreNext"] is False


def test_count_can_mean_the_whole_list(megaplan: Client) -> None:
    megaplan.control("knobs", {"count_mode": "total"})
    assert megaplan.get("/deal", limit=3).json()["meta"]["pagination"]["count"] == 250


def test_a_row_that_is_touched_moves_between_pages(megaplan: Client) -> None:
    sort = [{"contentType": "SortField", "fieldName": "timeUpdated", "desc": True}]
    page = megaplan.rows("/deal", limit=10, sortBy=sort, **PAGE)
    after = {"method": "GET", "path": "/api/v3/deal", "nth": 1}
    moved = megaplan.rows("/deal", limit=15, sortBy=sort, **PAGE)[12]
    megaplan.mutate(op="update_deal", id=moved["id"], fields={"name": "Тронута"}, after=after)
    first = megaplan.rows("/deal", limit=10, sortBy=sort, **PAGE)
    second = megaplan.rows("/deal", limit=10, sortBy=sort, pageAfter=link(first[-1]), **PAGE)
    assert first == page
    assert moved["id"] not in ids(first) + ids(second)
    assert megaplan.rows("/deal", limit=1, sortBy=sort, **PAGE)[0]["name"] == "Тронута"


def test_the_internal_order_can_be_shuffled(megaplan: Client) -> None:
    before = ids(megaplan.walk("/deal", **PAGE))
    megaplan.mutate(op="reorder", seed=3)
    after = ids(megaplan.walk("/deal", **PAGE))
    assert after != before
    assert sorted(after) == sorted(before)


def test_equal_times_do_not_break_paging(megaplan: Client) -> None:
    changed = megaplan.mutate(op="same_second", count=120, seed=1)["ids"]
    sort = [{"contentType": "SortField", "fieldName": "timeUpdated", "desc": True}]
    rows = megaplan.walk("/deal", limit=50, sortBy=sort, **PAGE)
    assert sorted(ids(rows)[:120]) == sorted(changed)
    assert len(set(ids(rows))) == 250


@pytest.mark.parametrize("path", ["/deal/extraFields", "/program/14/fields"])
def test_definitions_of_custom_fields_have_pages(megaplan: Client, path: str) -> None:
    added = [{"op": "add_custom_field", "program": 14, "title": f"Поле {number}"} for number in range(110)]
    megaplan.control("mutate", added)
    first = megaplan.get(path).json()
    assert first["meta"]["pagination"] == {"count": 100, "limit": 100}
    assert megaplan.walk(path, limit=100)[:100] == first["data"]
    assert len(megaplan.walk(path, limit=7)) == len(megaplan.walk(path)) > 110
    assert megaplan.get(path, pageAfter={"contentType": "StringField", "id": "0"}).status_code == 404
    assert megaplan.get(path, pageAfter="0").status_code == 422
    megaplan.control("knobs", {"emit_has_more": True, "count_mode": "total"})
    pagination = megaplan.get(path, limit=50).json()["meta"]["pagination"]
    assert pagination["hasMoreNext"] is True
    assert pagination["count"] > 110
    megaplan.control("knobs", {"extra_fields_pages": "off"})
    assert len(megaplan.rows(path, limit=7)) > 110

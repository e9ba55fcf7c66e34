"""Filters: what is honoured, what is ignored without a word, what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.emulators.megaplan_client import Client, message

PAGE: dict[str, Any] = {
    "fields": ["timeUpdated", "timeCreated", "state", "name", "price"],
    "onlyRequestedFields": True,
}


def trade_filter(*terms: dict[str, Any], join: str = "and", **more: Any) -> dict[str, Any]:
    group = {"contentType": "FilterTermGroup", "join": join, "terms": list(terms)}
    return {
        "contentType": "TradeFilter",
        "id": None,
        "config": {"contentType": "FilterConfig", "termGroup": group},
        **more,
    }


def term(kind: str, field: str, value: Any, comparison: str = "equals") -> dict[str, Any]:
    return {"contentType": f"FilterTerm{kind}", "field": field, "comparison": comparison, "value": value}


def moment(text: str) -> dict[str, Any]:
    return {"contentType": "DateTime", "value": text}


def day(year: int, zero_based_month: int, number: int) -> dict[str, Any]:
    return {"contentType": "DateOnly", "year": year, "month": zero_based_month, "day": number}


def interval(first: str, last: str) -> dict[str, Any]:
    return {"contentType": "IntervalTime", "from": moment(first), "to": moment(last)}


SUMMER = interval("2026-06-01T00:00:00+00:00", "2026-08-31T23:59:59+00:00")


def updated(row: dict[str, Any]) -> str:
    text: str = row["timeUpdated"]["value"]
    return text


def test_an_interval_of_time_filters_by_time_updated(megaplan: Client) -> None:
    everything = megaplan.walk("/deal", **PAGE)
    rows = megaplan.walk("/deal", filter=trade_filter(term("Date", "timeUpdated", SUMMER)), **PAGE)
    expected = [row["id"] for row in everything if "2026-06" <= updated(row) < "2026-09"]
    assert [row["id"] for row in rows] == expected
    assert 0 < len(rows) < 250


def test_the_filter_by_time_updated_can_be_ignored_like_an_unknown_one(megaplan: Client) -> None:
    megaplan.control("knobs", {"honour_time_updated_filter": False})
    assert (
        len(megaplan.walk("/deal", filter=trade_filter(term("Date", "timeUpdated", SUMMER)), **PAGE)) == 250
    )


def test_not_equals_gives_the_rest(megaplan: Client) -> None:
    inside = megaplan.walk("/deal", filter=trade_filter(term("Date", "timeUpdated", SUMMER)), **PAGE)
    outside = megaplan.walk(
        "/deal", filter=trade_filter(term("Date", "timeUpdated", SUMMER, "not_equals")), **PAGE
    )
    assert len(inside) + len(outside) == 250


def test_an_interval_of_days_is_local_and_includes_its_last_day(megaplan: Client) -> None:
    days = {"contentType": "IntervalDates", "from": day(2026, 5, 1), "to": day(2026, 7, 31)}
    rows = megaplan.walk("/deal", filter=trade_filter(term("Date", "timeCreated", days)), **PAGE)
    expected = [
        row["id"]
        for row in megaplan.walk("/deal", **PAGE)
        if "2026-05-31T21:00:00" <= row["timeCreated"]["value"] < "2026-08-31T21:00:00"
    ]
    assert [row["id"] for row in rows] == expected
    assert expected


def test_one_day_can_be_asked_for(megaplan: Client) -> None:
    some = megaplan.walk("/deal", **PAGE)[100]
    created = datetime.fromisoformat(some["timeCreated"]["value"])
    local = datetime.fromtimestamp(created.timestamp() + 3 * 3600, UTC)
    value = day(local.year, local.month - 1, local.day)
    rows = megaplan.walk("/deal", filter=trade_filter(term("Date", "timeCreated", value)), **PAGE)
    assert some["id"] in [row["id"] for row in rows]


def test_the_past_days_can_be_asked_for(megaplan: Client) -> None:
    megaplan.mutate(op="touch_many", count=4, seed=1)
    value = {"contentType": "FilterTermDateValue", "mode": "past", "unit": "hour", "value": 1}
    assert len(megaplan.walk("/deal", filter=trade_filter(term("Date", "timeUpdated", value)), **PAGE)) == 4


def test_dates_cannot_be_compared_with_more(megaplan: Client) -> None:
    assert (
        megaplan.get("/deal", filter=trade_filter(term("Date", "timeUpdated", SUMMER, "more"))).status_code
        == 422
    )


@pytest.mark.parametrize("value", ["2026-09-01", {"from": 1}, {"contentType": "IntervalNumbers"}, None])
def test_a_date_value_of_another_shape_is_refused(megaplan: Client, value: Any) -> None:
    answer = megaplan.get("/deal", filter=trade_filter(term("Date", "timeUpdated", value)))
    assert answer.status_code == 422
    assert message(answer).endswith(
        "is not assignable to 'DateOnly|IntervalDates|IntervalTime|FilterTermDateValue'"
    )


def test_an_unknown_field_in_a_filter_is_silently_ignored(megaplan: Client) -> None:
    rows = megaplan.walk("/deal", filter=trade_filter(term("String", "nonsense", "x")), **PAGE)
    assert len(rows) == 250


def test_an_unknown_field_in_a_filter_can_be_refused(megaplan: Client) -> None:
    megaplan.control("knobs", {"unknown_filter_field": "422"})
    assert megaplan.get("/deal", filter=trade_filter(term("String", "nonsense", "x"))).status_code == 422


def test_deals_are_filtered_by_reference(megaplan: Client) -> None:
    state = megaplan.walk("/deal", **PAGE)[0]["state"]
    link = {"contentType": "ProgramState", "id": state["id"]}
    rows = megaplan.walk("/deal", filter=trade_filter(term("Ref", "state", [link])), **PAGE)
    assert {row["state"]["id"] for row in rows} == {state["id"]}


def test_terms_can_be_joined_by_or(megaplan: Client) -> None:
    terms = [term("String", "name", word, "contains") for word in ("Котёл", "Монтаж")]
    rows = megaplan.walk("/deal", filter=trade_filter(*terms, join="or"), **PAGE)
    assert all("Котёл" in row["name"] or "Монтаж" in row["name"] for row in rows)
    assert {("Котёл" in row["name"]) for row in rows} == {True, False}


def test_deals_are_filtered_by_number(megaplan: Client) -> None:
    rows = megaplan.walk("/deal", filter=trade_filter(term("Number", "price", 500_000, "more")), **PAGE)
    assert rows
    assert all(row["price"]["value"] > 500_000 for row in rows)


def test_deals_are_filtered_by_enum(megaplan: Client) -> None:
    rows = megaplan.walk(
        "/deal", filter=trade_filter(term("Enum", "result", ["positive"])), fields=["result"]
    )
    assert {row["result"] for row in rows} == {"positive"}


def test_a_custom_field_filters_only_under_its_program(megaplan: Client) -> None:
    condition = term("Bool", "Category1000061CustomFieldDogovorPodpisan", True)
    program = {"contentType": "Program", "id": "14"}
    assert len(megaplan.walk("/deal", filter=trade_filter(condition))) == 250
    rows = megaplan.walk(
        "/deal", filter=trade_filter(condition, program=program), fields=[condition["field"]]
    )
    assert {row[condition["field"]] for row in rows} == {True}


def test_a_saved_filter_is_named_by_its_id(megaplan: Client) -> None:
    rows = megaplan.walk("/deal", filter={"contentType": "TradeFilter", "id": "57"}, fields=["result"])
    assert {row["result"] for row in rows} == {"positive"}


def test_an_unknown_saved_filter_is_not_found(megaplan: Client) -> None:
    assert megaplan.get("/deal", filter={"contentType": "TradeFilter", "id": "58"}).status_code == 404


def test_a_filter_of_another_type_is_refused(megaplan: Client) -> None:
    assert megaplan.get("/deal", filter={"contentType": "CrmFilter", "id": "all"}).status_code == 422


def test_q_is_ignored_for_deals(megaplan: Client) -> None:
    assert len(megaplan.rows("/deal", q="такого нет")) == 100


@pytest.mark.parametrize(
    "args", [{"q": "такого нет"}, {"filter": {"contentType": "EmployeeFilter", "id": "x"}}]
)
def test_filters_are_ignored_for_employees(megaplan: Client, args: dict[str, Any]) -> None:
    assert len(megaplan.rows("/employee", **args)) == 40


def test_q_finds_contractors_by_phone_digits(megaplan: Client) -> None:
    phone = "79001234567"
    info = [{"contentType": "ContactInfo", "type": "phone", "value": "+7 900 123-45-67"}]
    made = megaplan.mutate(op="create_contractor", fields={"firstName": "Анна", "contactInfo": info})
    assert [row["id"] for row in megaplan.rows("/contractor", q=phone)] == [made["id"]]


def test_contractors_are_filtered_by_time_updated(megaplan: Client) -> None:
    megaplan.mutate(op="update_contractor", id="1000010", fields={"position": "Директор"})
    since = interval("2026-09-02T00:00:00+00:00", "2099-01-01T00:00:00+00:00")
    condition = {**trade_filter(term("Date", "timeUpdated", since)), "contentType": "CrmFilter"}
    assert [row["id"] for row in megaplan.rows("/contractor", filter=condition)] == ["1000010"]


def test_status_keeps_deals_of_one_state(megaplan: Client) -> None:
    state = megaplan.walk("/deal", **PAGE)[0]["state"]
    rows = megaplan.walk("/deal", status={"contentType": "ProgramState", "id": state["id"]}, **PAGE)
    assert {row["state"]["id"] for row in rows} == {state["id"]}

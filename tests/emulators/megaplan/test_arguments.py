"""Arguments, sorting, field names: what is refused and what is silently ignored."""

from typing import Any

import pytest

from tests.emulators.megaplan_client import Client, message


def test_key_value_pairs_are_no_arguments(megaplan: Client) -> None:
    answer = megaplan.request("GET", "/deal?limit=5")
    assert (answer.status_code, len(answer.json()["data"])) == (200, 100)


def test_a_query_that_is_not_json_is_ignored(megaplan: Client) -> None:
    assert len(megaplan.request("GET", "/deal?%7Bbroken").json()["data"]) == 100


def test_a_query_that_is_not_json_can_be_refused(megaplan: Client) -> None:
    megaplan.control("knobs", {"bad_query": "422"})
    assert megaplan.request("GET", "/deal?limit=5").status_code == 422


def test_numbers_may_come_as_text(megaplan: Client) -> None:
    assert len(megaplan.rows("/deal", limit="3")) == 3


def test_an_unknown_argument_is_refused_by_name(megaplan: Client) -> None:
    answer = megaplan.get("/deal", offset=100)
    assert answer.status_code == 422
    expected = 'There is extra field "offset", which is not defined for content type "TradeFilterListRequest"'
    assert message(answer) == expected


def test_unknown_arguments_can_be_let_through(megaplan: Client) -> None:
    megaplan.control("knobs", {"unknown_args": "ignore"})
    assert megaplan.get("/deal", offset=100).status_code == 200


@pytest.mark.parametrize("argument", ["department", "status"])
def test_employees_take_no_such_argument(megaplan: Client, argument: str) -> None:
    assert megaplan.get("/employee", **{argument: "1"}).status_code == 422


def test_a_card_takes_no_arguments(megaplan: Client) -> None:
    assert megaplan.get("/deal/1001", fields=["name"]).status_code == 422


@pytest.mark.parametrize("limit", [0, -1, "many", None, True, 1.5])
def test_a_limit_that_is_no_positive_number_is_refused(megaplan: Client, limit: Any) -> None:
    assert megaplan.get("/deal", limit=limit).status_code == 422


def sort_field(name: str, **extra: Any) -> dict[str, Any]:
    return {"contentType": "SortField", "fieldName": name, **extra}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(
            [{"contentType": "SortField", "field": "name", "desc": True}], id="field instead of fieldName"
        ),
        pytest.param([sort_field("name", direction="asc")], id="extra key"),
        pytest.param([sort_field("name", desc="true")], id="desc is text"),
        pytest.param(["name"], id="only a name"),
    ],
)
def test_a_sort_field_of_another_shape_is_refused(megaplan: Client, value: Any) -> None:
    answer = megaplan.get("/deal", sortBy=value)
    assert (answer.status_code, message(answer)) == (422, "'array' is not assignable to 'SortField[]'")


def test_sort_fields_come_in_an_array(megaplan: Client) -> None:
    assert megaplan.get("/deal", sortBy=sort_field("name")).status_code == 422


@pytest.mark.parametrize(
    ("path", "name"), [("/deal", "id"), ("/deal", "program"), ("/contractor", "name"), ("/employee", "name")]
)
def test_a_field_that_is_not_sortable_is_refused(megaplan: Client, path: str, name: str) -> None:
    assert megaplan.get(path, sortBy=[sort_field(name)]).status_code == 422


@pytest.mark.parametrize("name", ["timeUpdated", "timeCreated"])
@pytest.mark.parametrize("desc", [False, True])
def test_deals_are_sorted_by_time(megaplan: Client, name: str, desc: bool) -> None:
    rows = megaplan.walk(
        "/deal", fields=[name], onlyRequestedFields=True, sortBy=[sort_field(name, desc=desc)]
    )
    times = [row[name]["value"] for row in rows]
    assert times == sorted(times, reverse=desc)
    assert len({row["id"] for row in rows}) == 250


def test_deals_are_sorted_by_name(megaplan: Client) -> None:
    rows = megaplan.walk("/deal", fields=["name"], onlyRequestedFields=True, sortBy=[sort_field("name")])
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)


def test_without_sorting_the_order_is_by_id(megaplan: Client) -> None:
    ids = [int(row["id"]) for row in megaplan.walk("/deal")]
    assert ids == sorted(ids)


@pytest.mark.parametrize("name", ["deadline", "responsible", "createdAt", "updatedAt", "isDropped"])
def test_an_unknown_name_in_fields_is_refused_without_naming_it(megaplan: Client, name: str) -> None:
    answer = megaplan.get("/deal", fields=["name", name])
    assert (answer.status_code, message(answer)) == (422, "Deal have not this fields")


def test_an_unknown_nested_name_in_fields_is_refused(megaplan: Client) -> None:
    assert megaplan.get("/deal", fields=[{"manager": ["nothing"]}]).status_code == 422


def test_fields_that_are_no_array_are_refused(megaplan: Client) -> None:
    assert megaplan.get("/deal", fields={"Deal": ["name"]}).status_code == 422


def test_some_errors_carry_a_huge_trace(megaplan: Client) -> None:
    assert len(megaplan.get("/deal", fields=["nothing"]).content) > 50_000
    assert len(megaplan.get("/contractor/search").content) > 250_000


def test_a_broken_body_is_400(megaplan: Client) -> None:
    assert megaplan.request("POST", "/deal", data=b"{broken").status_code == 400


@pytest.mark.parametrize("path", ["/contact", "/deal/1/nothing", "/deal/999999", "/employee/1", "/deal/abc"])
def test_unknown_routes_and_ids_are_not_found(megaplan: Client, path: str) -> None:
    answer = megaplan.get(path)
    assert (answer.status_code, message(answer)) == (404, "No route found")


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/employee/me"), ("POST", "/program"), ("PUT", "/deal/1001")]
)
def test_known_routes_refuse_other_methods(megaplan: Client, method: str, path: str) -> None:
    assert megaplan.request(method, path).status_code == 405

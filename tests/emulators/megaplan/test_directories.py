"""Contractors, employees, programs, directories, custom fields, bulk."""

import json
import re
from typing import Any

import pytest
import requests

from tests.emulators.megaplan_client import Client, message

NO_MODEL = "There is no model class for bums\\crm\\api\\v03\\Entity\\Contractor"
DIRECTORIES = (
    *(
        "contractorType",
        "contractorStatus",
        "contractorActivityType",
        "contractorAdvertisingWay",
        "currency",
        "tax",
    ),
    *("country", "unit", "payer", "department", "offer", "invoice", "program", "tradeFilter", "crmFilter"),
)


@pytest.mark.parametrize("path", DIRECTORIES)
def test_a_directory_lists_and_shows_its_rows(megaplan: Client, path: str) -> None:
    first = megaplan.rows(f"/{path}")[0]
    assert megaplan.card(f"/{path}/{first['id']}")["id"] == first["id"]


@pytest.mark.parametrize(
    "path", ["/contractor/1000010/history", "/contractor/1000010/todos", "/contractor/search"]
)
def test_abstract_contractor_routes_fail(megaplan: Client, path: str) -> None:
    answer = megaplan.get(path)
    assert (answer.status_code, message(answer)) == (500, NO_MODEL)


@pytest.mark.parametrize("kind", ["contractor", "contractorHuman", "contractorCompany"])
def test_contractor_comments_always_fail(megaplan: Client, kind: str) -> None:
    assert megaplan.get(f"/{kind}/1000010/comments").status_code == 500


def test_the_search_of_a_concrete_type_returns_both_kinds(megaplan: Client) -> None:
    kinds = {row["contentType"] for row in megaplan.walk("/contractorCompany/search", q="")}
    assert kinds == {"ContractorHuman", "ContractorCompany"}


def test_concrete_lists_hold_their_own_kind(megaplan: Client) -> None:
    assert {row["contentType"] for row in megaplan.walk("/contractorHuman")} == {"ContractorHuman"}


def test_dropped_contractors_are_absent_from_lists(megaplan: Client) -> None:
    dropped = [row["id"] for row in megaplan.truth("contractors") if row["isDropped"]]
    assert len(dropped) == 1
    assert dropped[0] not in [row["id"] for row in megaplan.walk("/contractor")]
    assert megaplan.card(f"/contractor/{dropped[0]}")["isDropped"] is True


def test_people_without_names_exist(megaplan: Client) -> None:
    humans = [row for row in megaplan.truth("contractors") if row["contentType"] == "ContractorHuman"]
    assert sum(1 for row in humans if row["name"] is None) == 1
    assert any(not (row["firstName"] or row["middleName"] or row["lastName"]) for row in humans)


def test_phones_are_typed_as_people_type_them(megaplan: Client) -> None:
    entries = [entry for row in megaplan.truth("contractors") for entry in row["contactInfo"]]
    phones = [entry["value"] for entry in entries if entry.get("type") == "phone"]
    for pattern in (r"^8 \(9", r"^\+7 9", r"^79", r"^998", r"^\+7 702 ", r"доб\. 12", r"^\D*$|^12$"):
        assert any(re.search(pattern, phone) for phone in phones), pattern
    assert {entry["contentType"] for entry in entries} == {"ContactInfo", "Address"}


def test_two_employees_have_left(megaplan: Client) -> None:
    left = [row for row in megaplan.rows("/employee") if not row["isWorking"]]
    assert len(left) == 2
    assert not any(row["canLogin"] for row in left)
    assert megaplan.card(f"/employee/{left[0]['id']}")["fireDay"]["contentType"] == "DateOnly"


def test_the_current_user_is_an_employee(megaplan: Client) -> None:
    assert megaplan.card("/currentUser")["contentType"] == "Employee"


def test_the_account_tells_its_build(megaplan: Client) -> None:
    assert megaplan.card("/accountInfo")["buildVersion"].startswith("r")


def test_the_specification_has_an_address(megaplan: Client) -> None:
    assert requests.get(f"{megaplan.url}/api/v3", timeout=10).text.startswith("#%RAML")


def test_inactive_programs_come_only_when_asked_for(megaplan: Client) -> None:
    assert len(megaplan.rows("/program")) == 3
    assert len(megaplan.rows("/program", withInactivePrograms=True)) == 4


def test_states_come_in_the_order_of_the_pipeline(megaplan: Client) -> None:
    states = megaplan.rows("/program/14/states")
    assert states[0]["isEntry"] is True
    assert [state["type"] for state in states] == ["active"] * 6 + ["positive"] * 2 + ["negative"] * 3
    ids = [int(state["id"]) for state in states]
    assert ids != sorted(ids)


def test_every_type_of_custom_field_exists_on_deals(megaplan: Client) -> None:
    kinds = {field["contentType"] for field in megaplan.rows("/deal/extraFields")}
    assert kinds == {
        *("BigIntField", "BoolField", "DateField", "DateTimeField", "DurationField", "EnumField"),
        *("ExternalSourceField", "FloatField", "IntegerField", "MoneyField", "RatingField", "RefLinkField"),
        *("RefSetField", "ResourceField", "StringField"),
    }


def test_custom_keys_are_cut_numbered_and_differ_by_program(megaplan: Client) -> None:
    keys = [field["name"] for field in megaplan.rows("/deal/extraFields")]
    assert max(len(key) for key in keys) == 62
    assert {"Category1000061CustomFieldStatusOplati", "Category1000061CustomFieldStatusOplati1"} <= set(keys)
    assert {"Category1000061CustomFieldVidSdelki", "Category1000083CustomFieldVidSdelki"} <= set(keys)


def test_the_card_has_exactly_the_custom_fields_of_its_program(megaplan: Client) -> None:
    deal = next(row for row in megaplan.truth("deals") if row["program"]["id"] == "35")
    defined = {field["name"] for field in megaplan.rows("/program/35/fields")}
    assert {key for key in megaplan.card(f"/deal/{deal['id']}") if "CustomField" in key} == defined


@pytest.mark.parametrize("path", ["contractorHuman", "contractorCompany", "offer", "employee"])
def test_other_entities_have_custom_fields_too(megaplan: Client, path: str) -> None:
    assert megaplan.rows(f"/{path}/extraFields")


def bulk(megaplan: Client, *calls: dict[str, Any]) -> list[dict[str, Any]]:
    body = {"contentType": "BulkApiCall", "calls": [{"contentType": "ApiCall", **call} for call in calls]}
    answer: list[dict[str, Any]] = megaplan.post("/bulk", body).json()["data"]
    return answer


def test_bulk_answers_in_order_and_each_call_for_itself(megaplan: Client) -> None:
    answers = bulk(
        megaplan,
        {"method": "GET", "url": "/api/v3/deal", "body": json.dumps({"limit": 2})},
        {"method": "GET", "url": "/api/v3/deal/999999"},
        {"method": "POST", "url": "/api/v3/deal/1001", "body": json.dumps({"name": "Из пачки"})},
    )
    assert [answer["meta"]["status"] for answer in answers] == [200, 404, 200]
    assert len(answers[0]["data"]) == 2
    assert megaplan.card("/deal/1001")["name"] == "Из пачки"


def test_the_body_of_a_bulk_call_is_text(megaplan: Client) -> None:
    assert (
        bulk(megaplan, {"method": "GET", "url": "/api/v3/deal", "body": {"limit": 2}})[0]["meta"]["status"]
        == 422
    )


def test_entities_by_links_leave_out_what_is_not_there(megaplan: Client) -> None:
    megaplan.mutate(op="revoke_visibility", ids=["1002"])
    links = [{"contentType": "Deal", "id": id} for id in ("1001", "1002", "999999")]
    found = megaplan.post("/bulk/getEntitiesByLinks", links).json()["data"]
    assert [entity["id"] for entity in found] == ["1001"]


def test_entities_by_links_give_what_a_list_gives_or_whole_cards(megaplan: Client) -> None:
    links = [{"contentType": "Deal", "id": "1001"}]
    (listed,) = megaplan.post("/bulk/getEntitiesByLinks", links).json()["data"]
    megaplan.control("knobs", {"links_give": "card"})
    (card,) = megaplan.post("/bulk/getEntitiesByLinks", links).json()["data"]
    assert listed.keys() < card.keys()


def test_entities_by_links_fail_on_an_employee(megaplan: Client) -> None:
    links = [{"contentType": "Deal", "id": "1001"}, {"contentType": "Employee", "id": "1000004"}]
    assert megaplan.post("/bulk/getEntitiesByLinks", links).status_code == 500

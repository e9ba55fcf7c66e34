"""Canonical form: equal content is equal, wherever and however often it was printed."""

import json
from copy import deepcopy
from typing import Any

import pytest

from megaplan_sync.raw.canonical import CanonicalPage, canonical_json, readable

EMPLOYEE = {
    "contentType": "Employee",
    "id": "1000004",
    "name": "Смирнова Анна",
    "isOnline": True,
    "lastOnline": {"contentType": "DateTime", "value": "2026-09-21T09:15:00+00:00"},
}
UNIT = {"contentType": "Unit", "id": "1", "name": "шт."}
COUNTRY = {"contentType": "Country", "id": "RU", "name": "Россия", "isDefault": True}
PAYER = {
    "contentType": "Payer",
    "id": "500",
    "name": "ООО Ромашка",
    "country": COUNTRY,
    "contractor": {"contentType": "ContractorCompany", "id": "500"},
}


def bare(entity: dict[str, Any]) -> dict[str, Any]:
    return {"contentType": entity["contentType"], "id": entity["id"]}


def deal(identity: str = "77", **fields: Any) -> dict[str, Any]:
    return {
        "contentType": "Deal",
        "id": identity,
        "name": "Сделка",
        "manager": deepcopy(EMPLOYEE),
        "payer": deepcopy(PAYER),
        "price": {"contentType": "Money", "currency": "RUB", "value": 10.5, "rate": 1, "valueInMain": 10.5},
        "positions": [
            {
                "contentType": "OfferRow",
                "id": "9" + identity,
                "unit": deepcopy(UNIT),
                "offer": {"contentType": "Offer", "id": "8" + identity, "unit": bare(UNIT)},
            }
        ],
        **fields,
    }


def canonical(page: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Bring a copy of a response into canonical form."""
    items = deepcopy(page)
    CanonicalPage(items).bring(items)
    return items


def content_of(page: list[dict[str, Any]], place: int) -> Any:
    return json.loads(canonical_json(canonical(page)[place]))


def printed_once(page: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Do what Megaplan does: print an entity in full at its first occurrence, as a bare link afterwards."""
    seen: set[tuple[str, str]] = set()

    def visit(value: Any) -> Any:
        if isinstance(value, list):
            return [visit(entry) for entry in value]
        if not isinstance(value, dict):
            return value
        if "id" in value:
            link = (value["contentType"], value["id"])
            if link in seen:
                return bare(value)
            seen.add(link)
        return {key: visit(entry) for key, entry in value.items()}

    return [visit(entity) for entity in page]


def test_same_deal_has_the_same_content_first_and_last_in_a_page() -> None:
    one, other = deal("77"), deal("78")
    assert content_of(printed_once([one, other]), 0) == content_of(printed_once([other, one]), 1)


def test_a_page_printed_once_equals_a_page_printed_in_full() -> None:
    page = [deal("77"), deal("78"), deal("79")]
    for entity in page:
        entity["positions"][0]["offer"]["unit"] = deepcopy(UNIT)
    in_full = [json.loads(canonical_json(entity)) for entity in canonical(page)]
    assert [json.loads(canonical_json(entity)) for entity in canonical(printed_once(page))] == in_full


def test_a_form_printed_in_a_row_that_is_left_out_is_found() -> None:
    left_out, wanted = printed_once([deal("77"), deal("78")])
    CanonicalPage([left_out, wanted]).bring([wanted])
    assert wanted["payer"]["country"] == COUNTRY


def test_a_form_printed_inside_an_entity_with_its_own_table_is_found() -> None:
    contractor = {"contentType": "ContractorCompany", "id": "500", "name": "Ромашка", "payers": [PAYER]}
    page = [deal("77", contractor=contractor, payer=bare(PAYER))]
    (entity,) = canonical(page)
    assert entity["payer"]["name"] == "ООО Ромашка"
    assert entity["contractor"] == bare(contractor)


def test_entities_with_their_own_table_become_bare_links() -> None:
    page = [deal("77")]
    (entity,) = canonical(page)
    assert entity["manager"] == {"contentType": "Employee", "id": "1000004"}
    assert entity["payer"]["contractor"] == {"contentType": "ContractorCompany", "id": "500"}


def test_a_link_printed_nowhere_in_full_stays_bare() -> None:
    page = [deal("77", payer=bare(PAYER))]
    assert canonical(page)[0]["payer"] == bare(PAYER)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d["manager"].update(isOnline=False), id="manager goes offline"),
        pytest.param(lambda d: d["manager"].update(name="Иванова Анна"), id="manager renamed: own table"),
        pytest.param(lambda d: d.update(possibleActions=["act_read"]), id="rights on the deal"),
        pytest.param(lambda d: d.update(unreadCommentsCount=3), id="unread counter"),
        pytest.param(lambda d: d["payer"].update(possibleActions=["act_edit"]), id="rights on the payer"),
    ],
)
def test_what_changes_by_itself_does_not_change_the_content(change: Any) -> None:
    changed = deal("77")
    change(changed)
    assert content_of([changed], 0) == content_of([deal("77")], 0)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda d: d["price"].update(brandNew=1), id="unknown key in price"),
        pytest.param(lambda d: d["payer"].update(brandNew=1), id="unknown key in payer"),
        pytest.param(lambda d: d["positions"][0].update(brandNew=None), id="unknown key in a position"),
        pytest.param(lambda d: d.update(brandNew="x"), id="unknown key in the deal"),
        pytest.param(lambda d: d.pop("price"), id="price hidden, which differs from null"),
        pytest.param(lambda d: d["manager"].update(id="1000005"), id="another manager"),
        pytest.param(lambda d: d["positions"].clear(), id="position removed"),
    ],
)
def test_what_people_change_changes_the_content(change: Any) -> None:
    changed = deal("77")
    change(changed)
    assert content_of([changed], 0) != content_of([deal("77")], 0)


def test_forms_that_contain_each_other_end() -> None:
    one = {"contentType": "Tag", "id": "1", "name": "a", "other": {"contentType": "Tag", "id": "2"}}
    two = {"contentType": "Tag", "id": "2", "name": "b", "other": {"contentType": "Tag", "id": "1"}}
    page = [deal("77", tags=[one], more=[two])]
    (entity,) = canonical(page)
    assert b'"name":"b","other":{"contentType":"Tag","id":"1"}' in canonical_json(entity)


def test_numbers_keep_their_digits() -> None:
    assert canonical_json({"value": 240711.73748999997}) == b'{"value":240711.73748999997}'


def test_the_character_that_postgres_cannot_store_is_replaced() -> None:
    assert (
        canonical_json({"name": "a\0b", "text": "\\u0000"})
        == '{"name":"a\ufffdb","text":"\\\\u0000"}'.encode()
    )


def test_only_entities_with_a_number_for_an_id_can_be_rows() -> None:
    entity = {"contentType": "Deal", "id": "77"}
    others = [
        None,
        "77",
        [],
        {"id": "77"},
        {"contentType": "Deal"},
        {**entity, "id": "7a"},
        {**entity, "id": True},
    ]
    assert readable([entity, *others, {**entity, "id": 78}]) == ([entity, {**entity, "id": 78}], others)


@pytest.mark.parametrize("odd", [[], {}, None, True, 1.5, "x"], ids=repr)
def test_odd_links_are_left_as_they_came(odd: Any) -> None:
    entity = deal(
        "77", payer={"contentType": odd, "id": odd}, manager={"contentType": "Employee", "id": odd, "name": 1}
    )
    canonical([entity])
    assert json.loads(canonical_json(entity))["payer"]["contentType"] == odd

"""What entities look like: subsets of fields, embedded forms, de-duplication, value types."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulators.megaplan_client import Client


def walk_dicts(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a document in its order."""
    if isinstance(value, dict):
        yield value
        for entry in value.values():
            yield from walk_dicts(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from walk_dicts(entry)


def is_bare(entity: dict[str, Any]) -> bool:
    return set(entity) == {"contentType", "id"}


def test_a_list_item_is_a_subset_of_the_card(megaplan: Client) -> None:
    item, full = megaplan.rows("/deal", limit=1)[0], megaplan.card("/deal/1001")
    assert "name" in item
    assert not {"timeUpdated", "positions", "auditors", "debt"} & set(item)
    assert {"timeUpdated", "auditors", "debt", "possibleTransitions", "visibleFields"} <= set(full)


def test_fields_add_to_the_subset(megaplan: Client) -> None:
    item = megaplan.rows("/deal", limit=1, fields=["timeUpdated"])[0]
    assert {"name", "timeUpdated"} <= set(item)


def test_only_requested_fields_come_alone(megaplan: Client) -> None:
    item = megaplan.rows("/deal", limit=1, fields=["name"], onlyRequestedFields=True)[0]
    assert list(item) == ["contentType", "id", "name"]


def test_without_fields_only_links_remain(megaplan: Client) -> None:
    assert is_bare(megaplan.rows("/deal", limit=1, onlyRequestedFields=True)[0])


def test_nested_fields_choose_inside_a_link(megaplan: Client) -> None:
    rows = megaplan.rows("/deal", fields=[{"contractor": ["advertisingWay", "timeUpdated"]}])
    contractor = next(row["contractor"] for row in rows if row["contractor"])
    assert {"type", "contactInfo", "advertisingWay", "timeUpdated"} <= set(contractor)


def test_nested_fields_alone_come_alone(megaplan: Client) -> None:
    rows = megaplan.rows("/deal", fields=[{"manager": ["name"]}], onlyRequestedFields=True)
    manager = next(row["manager"] for row in rows if row["manager"])
    assert list(manager) == ["contentType", "id", "name"]


@pytest.mark.parametrize("path", ["/deal", "/contractor", "/employee", "/invoice", "/offer"])
def test_an_entity_is_printed_in_full_only_once(megaplan: Client, path: str) -> None:
    seen: set[tuple[str, str]] = set()
    for entity in walk_dicts(megaplan.rows(path)):
        key = (entity.get("contentType", ""), entity.get("id", ""))
        if entity.get("id") is None:
            continue
        assert is_bare(entity) == (key in seen), key
        seen.add(key)


def test_a_company_embedded_earlier_is_a_bare_root_item(megaplan: Client) -> None:
    rows = megaplan.walk("/contractor")
    embedded: set[str] = set()
    bare = []
    for row in rows:
        if is_bare(row):
            bare.append(row["id"])
            assert row["id"] in embedded
        company = row.get("company")
        if company:
            embedded.add(company["id"])
    assert bare == []  # companies precede their people in this order
    megaplan.mutate(op="reorder", entity="contractors", seed=2)
    shuffled = megaplan.rows("/contractor", limit=100)
    assert any(is_bare(row) for row in shuffled)


def test_root_items_can_be_kept_full(megaplan: Client) -> None:
    megaplan.control("knobs", {"root_items_always_full": True})
    megaplan.mutate(op="reorder", entity="contractors", seed=2)
    assert not any(is_bare(row) for row in megaplan.walk("/contractor"))


def test_de_duplication_can_be_switched_off(megaplan: Client) -> None:
    megaplan.control("knobs", {"dedupe": False})
    assert not any(is_bare(row["state"]) for row in megaplan.rows("/deal"))


def test_an_embedded_human_has_no_name(megaplan: Client) -> None:
    rows = megaplan.rows("/deal")
    humans = [row["contractor"] for row in rows if row["contractor"]]
    full = [human for human in humans if human["contentType"] == "ContractorHuman" and not is_bare(human)]
    assert full
    assert all("name" not in human and "lastName" in human for human in full)


def test_people_elsewhere_seem_to_come_and_go_online(megaplan: Client) -> None:
    first = megaplan.rows("/employee")
    second = megaplan.rows("/employee")
    assert [row["isOnline"] for row in first] != [row["isOnline"] for row in second]
    assert [row["lastOnline"] for row in first] != [row["lastOnline"] for row in second]


def test_the_same_request_gives_the_same_deals_apart_from_presence(megaplan: Client) -> None:
    def cleaned() -> str:
        return re.sub(r'"isOnline":\w+|"lastOnline":\{[^}]*\}', "", megaplan.get("/deal", limit=100).text)

    assert cleaned() == cleaned()


def test_months_count_from_zero(megaplan: Client) -> None:
    months = {
        entry["month"]
        for entry in walk_dicts(megaplan.truth("deals"))
        if entry.get("contentType") == "DateOnly"
    }
    assert months == set(range(12))


def test_times_are_in_utc_with_an_offset(megaplan: Client) -> None:
    pattern = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00$")
    for entry in walk_dicts(megaplan.card("/deal/1001")):
        if entry.get("contentType") == "DateTime":
            assert pattern.match(entry["value"])


def test_ids_are_text(megaplan: Client) -> None:
    ids = [entry["id"] for entry in walk_dicts(megaplan.rows("/deal")) if "id" in entry]
    assert all(isinstance(id, str) for id in ids)


def test_money_keeps_float_noise_in_the_main_currency(megaplan: Client) -> None:
    sums = [row["price"] for row in megaplan.truth("deals") if "price" in row]
    noisy = [money for money in sums if len(repr(money["valueInMain"]).partition(".")[2]) > 6]
    assert noisy
    assert {money["currency"] for money in sums} == {"RUB", "USD", "EUR"}
    assert all(len(repr(money["value"]).partition(".")[2]) <= 4 for money in sums)


def test_hidden_fields_are_absent_not_null(megaplan: Client) -> None:
    hidden = [row for row in megaplan.truth("deals") if row["program"]["id"] == "41"]
    assert hidden
    assert not any({"price", "cost", "positions", "positionsCount"} & set(row) for row in hidden)
    asked = megaplan.walk("/deal", fields=["price", "cost", "program"], onlyRequestedFields=True)
    assert any("price" not in row for row in asked)


def test_contact_counts_may_exceed_their_arrays(megaplan: Client) -> None:
    rows = megaplan.truth("contractors")
    assert any(row["contactInfoCount"] > len(row["contactInfo"]) for row in rows)


def test_a_position_refers_to_a_copy_of_the_catalogue_item(megaplan: Client) -> None:
    row = next(row for deal in megaplan.truth("deals") for row in deal.get("positions", []))
    assert row["offer"]["originalOffer"]["id"] != row["offer"]["id"]
    assert megaplan.get(f"/offer/{row['offer']['originalOffer']['id']}").status_code == 200
    assert row["offer"]["rights"]["id"] == f"Offer/{row['offer']['id']}"


def test_positions_add_up_to_the_price(megaplan: Client) -> None:
    for deal in megaplan.truth("deals"):
        if deal.get("positions"):
            total = sum(row["sum"]["value"] for row in deal["positions"])
            assert deal["price"]["value"] == pytest.approx(total, abs=0.001)


def test_paid_invoices_have_a_payment_time_and_a_day_of_issue(megaplan: Client) -> None:
    paid = [row for row in megaplan.walk("/invoice") if row["status"] == "paid"]
    assert paid
    assert all(row["actualPaymentDate"]["contentType"] == "DateTime" for row in paid)
    assert all(row["invoiceDate"]["contentType"] == "DateOnly" for row in paid)


def test_an_unknown_key_can_appear_inside_a_money(megaplan: Client) -> None:
    deal = next(row for row in megaplan.truth("deals") if "price" in row)
    megaplan.mutate(op="add_unknown_key", deal=deal["id"], inside="price", key="vatIncluded", value=True)
    assert megaplan.card(f"/deal/{deal['id']}")["price"]["vatIncluded"] is True

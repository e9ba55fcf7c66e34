"""Programs, stages, directories and employees that change behind the API's back."""

from typing import Any

import pytest
import requests

from tests.emulators.megaplan_client import Client


def refusal(megaplan: Client, **spec: Any) -> str:
    answer = requests.post(f"{megaplan.url}/_control/mutate", json=spec, timeout=10)
    assert answer.status_code == 400
    text: str = answer.json()["error"]
    return text


def test_a_program_is_renamed_and_put_away(megaplan: Client) -> None:
    megaplan.mutate(op="rename_program", id="35", name="Сервис и ремонт")
    megaplan.mutate(op="set_program_active", id="14", active=False)
    assert megaplan.card("/program/35")["name"] == "Сервис и ремонт"
    assert "14" not in [row["id"] for row in megaplan.rows("/program")]
    assert "14" in [row["id"] for row in megaplan.rows("/program", withInactivePrograms=True)]
    deal = next(row for row in megaplan.truth("deals") if row["program"]["id"] == "35")
    assert megaplan.card(f"/deal/{deal['id']}")["program"]["name"] == "Сервис и ремонт"


def test_a_renamed_stage_moves_no_deals_time(megaplan: Client) -> None:
    deal = megaplan.card("/deal/1001")
    megaplan.mutate(op="rename_stage", id=deal["state"]["id"], name="Иначе", color="#000000")
    after = megaplan.card("/deal/1001")
    assert (after["state"]["name"], after["state"]["color"]) == ("Иначе", "#000000")
    assert after["timeUpdated"] == deal["timeUpdated"]
    assert "Кто" in refusal(megaplan, op="rename_stage", id=deal["state"]["id"], type="Кто")


def test_a_new_stage_stands_where_it_was_put_and_can_be_entered(megaplan: Client) -> None:
    before = [state["id"] for state in megaplan.rows("/program/14/states")]
    id = megaplan.mutate(op="add_stage", program="14", name="Замер", position=1)["id"]
    states = megaplan.rows("/program/14/states")
    assert [state["id"] for state in states] == [before[0], id, *before[1:]]
    assert (states[1]["name"], states[1]["type"]) == ("Замер", "active")
    deal = megaplan.mutate(op="create_deal", fields={"program": {"contentType": "Program", "id": "14"}})["id"]
    way_in = next(
        entry for entry in megaplan.card(f"/deal/{deal}")["possibleTransitions"] if entry["to"]["id"] == id
    )
    assert megaplan.post(f"/deal/{deal}/applyTransition", way_in).json()["data"]["state"]["id"] == id
    ways_out = megaplan.card(f"/deal/{deal}")["possibleTransitions"]
    assert [entry["to"]["id"] for entry in ways_out] == [before[1]]


@pytest.mark.parametrize("touch", [True, False])
def test_a_removed_stage_lets_its_deals_go(megaplan: Client, touch: bool) -> None:
    states = megaplan.rows("/program/14/states")
    deals = {row["id"]: row for row in megaplan.truth("deals")}
    gone = next(
        state["id"]
        for state in states[1:]
        if any(deal["state"]["id"] == state["id"] for deal in deals.values())
    )
    inside = {id for id, deal in deals.items() if deal["state"]["id"] == gone}
    told = megaplan.mutate(op="remove_stage", id=gone, touch=touch)
    assert set(told["moved"]) == inside
    assert gone not in [state["id"] for state in megaplan.rows("/program/14/states")]
    assert megaplan.get(f"/programState/{gone}").status_code == 404
    for id in inside:
        after = megaplan.card(f"/deal/{id}")
        assert after["state"]["id"] == states[0]["id"]
        assert (after["timeUpdated"] != deals[id]["timeUpdated"]) is touch
        assert gone in [row["toStatus"]["id"] for row in megaplan.rows(f"/deal/{id}/statusHistory")]
        assert gone not in [entry["to"]["id"] for entry in after["possibleTransitions"]]


def test_the_first_stage_cannot_be_removed(megaplan: Client) -> None:
    states = [state["id"] for state in megaplan.rows("/program/14/states")]
    assert states[0] in refusal(megaplan, op="remove_stage", id=states[0])
    foreign = megaplan.rows("/program/35/states")[0]["id"]
    assert "program 14" in refusal(megaplan, op="remove_stage", id=states[1], move_to=foreign)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("advertising_way", "/contractorAdvertisingWay"),
        ("contractor_type", "/contractorType"),
        ("contractor_status", "/contractorStatus"),
        ("activity_type", "/contractorActivityType"),
        ("department", "/department"),
        ("currency", "/currency"),
        ("tax", "/tax"),
        ("unit", "/unit"),
    ],
)
def test_a_directory_grows_changes_and_shrinks(megaplan: Client, name: str, path: str) -> None:
    before = [row["id"] for row in megaplan.rows(path)]
    id = megaplan.mutate(op=f"add_{name}", name="Новое")["id"]
    assert megaplan.card(f"{path}/{id}")["name"] == "Новое"
    megaplan.mutate(op=f"rename_{name}", id=before[0], name="Иначе")
    assert megaplan.card(f"{path}/{before[0]}")["name"] == "Иначе"
    megaplan.mutate(op=f"remove_{name}", id=before[-1])
    assert megaplan.get(f"{path}/{before[-1]}").status_code == 404
    assert {row["id"] for row in megaplan.rows(path)} == {*before[:-1], id}
    assert megaplan.get("/deal", fields=["positions", "contractor"]).status_code == 200
    assert megaplan.get("/offer", fields=["tax", "unit"]).status_code == 200
    assert "999" in refusal(megaplan, op=f"remove_{name}", id="999")


def test_nobody_refers_to_a_removed_advertising_way(megaplan: Client) -> None:
    users = [row for row in megaplan.truth("contractors") if (row["advertisingWay"] or {}).get("id") == "2"]
    assert users
    megaplan.mutate(op="remove_advertising_way", id="2")
    for row in users:
        after = megaplan.card(f"/contractor/{row['id']}")
        assert (after["advertisingWay"], after["timeUpdated"]) == (None, row["timeUpdated"])


def test_nobody_belongs_to_a_removed_department(megaplan: Client) -> None:
    megaplan.mutate(op="remove_department", id="1000041")
    assert megaplan.card("/department/1000040")["childs"] == []
    departments = [row["department"] for row in megaplan.truth("employees")]
    assert "1000041" not in [row["id"] for row in departments if row]


def test_a_tag_leaves_its_deals(megaplan: Client) -> None:
    tagged = next(row for row in megaplan.truth("deals") if row["tags"])
    megaplan.mutate(op="remove_tag", id=tagged["tags"][0]["id"])
    assert megaplan.card(f"/deal/{tagged['id']}")["tags"] == []


def test_employees_come_and_change(megaplan: Client) -> None:
    id = megaplan.mutate(op="add_employee", name="Новиков Пётр", fields={"position": "Логист"})["id"]
    megaplan.mutate(op="update_employee", id=id, fields={"department": "1000042"})
    card = megaplan.card(f"/employee/{id}")
    assert (card["lastName"], card["position"], card["isWorking"]) == ("Новиков", "Логист", True)
    assert card["department"]["id"] == "1000042"
    assert id in [row["id"] for row in megaplan.walk("/employee")]


def test_a_new_rate_leaves_frozen_sums_alone(megaplan: Client) -> None:
    deal = next(row for row in megaplan.truth("deals") if row.get("price", {}).get("currency") == "USD")
    megaplan.mutate(op="set_currency_rate", id="2", rate=99.5)
    assert megaplan.card("/currency/2")["rate"] == 99.5
    assert megaplan.card(f"/deal/{deal['id']}")["price"] == deal["price"]

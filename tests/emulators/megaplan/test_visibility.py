"""Rights taken away, lists that leave rows out, changes that move no time."""

from typing import Any

import pytest
import requests

from tests.emulators.megaplan_client import Client, message

CONTRACTOR_ROUTES = ("contractor", "contractorHuman", "contractorCompany")


def state(megaplan: Client) -> dict[str, Any]:
    told: dict[str, Any] = megaplan.control("state", method="GET")
    return told


def ids(rows: list[dict[str, Any]]) -> set[str]:
    return {row["id"] for row in rows}


def test_hidden_contractors_are_in_no_list_and_on_no_card(megaplan: Client) -> None:
    everyone = {path: ids(megaplan.walk(f"/{path}")) for path in CONTRACTOR_ROUTES}
    hidden = set(megaplan.mutate(op="revoke_visibility", entity="contractors", share=0.3, seed=2)["ids"])
    assert len(hidden) > 20
    assert set(state(megaplan)["hiddenContractors"]) == hidden
    for path in CONTRACTOR_ROUTES:
        assert ids(megaplan.walk(f"/{path}")) == everyone[path] - hidden
    assert not ids(megaplan.rows("/contractorHuman/search", q="а", limit=100)) & hidden
    for id in hidden:
        kind = "contractorHuman" if id in everyone["contractorHuman"] else "contractorCompany"
        assert [megaplan.get(f"/{path}/{id}").status_code for path in ("contractor", kind)] == [403, 403]
    megaplan.mutate(op="revoke_visibility", restore=True)
    assert ids(megaplan.walk("/contractor")) == everyone["contractor"]
    assert state(megaplan)["hiddenContractors"] == []


def test_a_hidden_contractor_cannot_be_written_and_may_look_deleted(megaplan: Client) -> None:
    megaplan.mutate(op="revoke_visibility", entity="contractors", ids=["1000010"])
    assert megaplan.post("/contractor/1000010", {"description": "?"}).status_code == 403
    megaplan.control("knobs", {"hidden_contractor": "404"})
    assert megaplan.get("/contractor/1000010").status_code == 404


def test_bulk_calls_and_links_know_hidden_contractors(megaplan: Client) -> None:
    megaplan.mutate(op="revoke_visibility", entity="contractors", ids=["1000010"])
    call = {"contentType": "ApiCall", "method": "GET", "url": "/api/v3/contractor/1000010"}
    data = megaplan.post("/bulk", {"contentType": "BulkApiCall", "calls": [call]}).json()["data"]
    assert data[0]["meta"]["status"] == 403
    links = [{"contentType": kind, "id": "1000010"} for kind in ("ContractorHuman", "ContractorCompany")]
    assert megaplan.post("/bulk/getEntitiesByLinks", links).json()["data"] == []


def test_a_deal_still_names_its_hidden_contractor(megaplan: Client) -> None:
    deal = next(row for row in megaplan.truth("deals") if row["contractor"] and not row["contact"])
    hidden = deal["contractor"]["id"]
    megaplan.mutate(op="revoke_visibility", entity="contractors", ids=[hidden])
    card = megaplan.card(f"/deal/{deal['id']}")
    assert card["contractor"] == {"contentType": deal["contractor"]["contentType"], "id": hidden}
    truth = megaplan.truth("deals", ids=deal["id"])[0]["contractor"]
    assert truth["contactInfo"] == deal["contractor"]["contactInfo"]


def test_lost_rights_show_on_the_users_own_card(megaplan: Client) -> None:
    before = megaplan.card("/currentUser")
    hidden = megaplan.mutate(op="revoke_visibility", share=0.5, rights=True)["ids"]
    assert len(hidden) == 125
    after = megaplan.card("/currentUser")
    assert set(after["possibleActions"]) < set(before["possibleActions"])
    assert after["possibleActionsCount"] == len(after["possibleActions"])
    assert after["position"] != before["position"]
    assert after["department"]["id"] != before["department"]["id"]
    own = megaplan.card(f"/employee/{before['id']}")
    assert (own["possibleActions"], own["position"]) == (after["possibleActions"], after["position"])
    assert state(megaplan)["lostRights"] == [before["id"]]
    megaplan.mutate(op="revoke_visibility", restore=True)
    restored = megaplan.card("/currentUser")
    for name in ("possibleActions", "position", "department"):
        assert restored[name] == before[name]
    assert len(megaplan.walk("/deal")) == 250


def test_rights_may_go_without_any_row(megaplan: Client) -> None:
    megaplan.mutate(op="revoke_visibility", rights=True)
    assert len(megaplan.walk("/deal")) == 250
    assert "can_use_telephony" not in megaplan.card("/currentUser")["possibleActions"]


def test_only_deals_and_contractors_can_be_hidden(megaplan: Client) -> None:
    spec = {"op": "revoke_visibility", "entity": "employees", "share": 1}
    answer = requests.post(f"{megaplan.url}/_control/mutate", json=spec, timeout=10)
    assert answer.status_code == 400
    assert "employees" in answer.json()["error"]


@pytest.mark.parametrize(
    ("entity", "path"),
    [
        ("deals", "/deal"),
        ("contractors", "/contractor"),
        ("employees", "/employee"),
        ("advertising_ways", "/contractorAdvertisingWay"),
    ],
)
def test_a_list_may_leave_out_rows_that_are_there(megaplan: Client, entity: str, path: str) -> None:
    everything = ids(megaplan.walk(path))
    left_out = set(megaplan.mutate(op="shrink_list", entity=entity, share=0.5, seed=1)["ids"])
    assert left_out
    assert ids(megaplan.walk(path)) == everything - left_out
    assert {megaplan.get(f"{path}/{id}").status_code for id in left_out} == {200}
    assert state(megaplan)["omitted"] == {entity: sorted(left_out)}
    megaplan.mutate(op="shrink_list", restore=True)
    assert ids(megaplan.walk(path)) == everything


def test_a_row_left_out_is_still_a_cursor(megaplan: Client) -> None:
    megaplan.mutate(op="shrink_list", entity="deals", ids=["1002"])
    rows = megaplan.rows("/deal", limit=1, pageAfter={"contentType": "Deal", "id": "1002"})
    whole = megaplan.walk("/deal")
    assert rows[0]["id"] == whole[1]["id"]


def test_the_share_left_out_repeats_with_its_seed(megaplan: Client) -> None:
    first, again, other = (
        megaplan.mutate(op="shrink_list", entity="deals", share=0.2, seed=seed)["ids"] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_a_list_may_be_empty_for_a_while(megaplan: Client) -> None:
    megaplan.mutate(op="empty_list", entity="deals")
    megaplan.mutate(
        op="empty_list", entity="deals", restore=True, after={"method": "GET", "path": "/deal", "nth": 2}
    )
    id = megaplan.mutate(op="create_deal", fields={})["id"]
    assert megaplan.rows("/deal") == []
    assert len(state(megaplan)["omitted"]["deals"]) == 251
    assert megaplan.get(f"/deal/{id}").status_code == 200
    last = {"contentType": "Deal", "id": "1001"}
    assert megaplan.rows("/deal", pageAfter=last) == []
    assert len(megaplan.walk("/deal")) == 251


def test_many_deals_change_silently(megaplan: Client) -> None:
    before = {row["id"]: row for row in megaplan.truth("deals")}
    changed = megaplan.mutate(op="touch_many", count=200, seed=3, touch=False)["ids"]
    assert len(changed) == 200
    for row in megaplan.truth("deals", ids=",".join(changed)):
        was = before[row["id"]]
        assert row["name"] != was["name"]
        assert row.get("price") != was.get("price") or "price" not in was
        assert (row["timeUpdated"], row["stateTimeUpdated"]) == (was["timeUpdated"], was["stateTimeUpdated"])
        assert row["userUpdated"]["id"] == was["userUpdated"]["id"]


@pytest.mark.parametrize(
    "change",
    [
        {"op": "update_deal", "fields": {"name": "Тихо", "description": "<p>тихо</p>"}},
        {
            "op": "set_positions",
            "positions": [{"offer": {"contentType": "Offer", "id": "2901"}, "quantity": 7}],
        },
        {"op": "add_position", "offer": 2902},
    ],
)
def test_a_silent_change_moves_no_time(megaplan: Client, change: dict[str, Any]) -> None:
    deal = next(row for row in megaplan.truth("deals") if row.get("positions"))
    megaplan.mutate(**change, id=deal["id"], touch=False)
    after = megaplan.card(f"/deal/{deal['id']}")
    assert (after["name"], after["positionsCount"], after["positions"][0]["quantity"]) != (
        deal["name"],
        deal["positionsCount"],
        deal["positions"][0]["quantity"],
    )
    for name in ("timeUpdated", "stateTimeUpdated"):
        assert after[name] == deal[name]


def test_a_silent_move_shows_only_in_its_own_time(megaplan: Client) -> None:
    before = megaplan.card("/deal/1001")
    megaplan.mutate(op="move_stage", id="1001", touch=False)
    after = megaplan.card("/deal/1001")
    assert after["timeUpdated"] == before["timeUpdated"]
    assert after["stateTimeUpdated"] != before["stateTimeUpdated"]


@pytest.mark.parametrize("touch", [False, True])
def test_a_deleted_deal_may_return(megaplan: Client, touch: bool) -> None:
    before = megaplan.card("/deal/1001")
    megaplan.request("DELETE", "/deal/1001")
    megaplan.mutate(op="delete_deals", ids=["1002"])
    assert len(megaplan.walk("/deal")) == 248
    assert megaplan.mutate(op="restore_deals", ids=["1001", "1002"], touch=touch)["ids"] == ["1001", "1002"]
    assert len(megaplan.walk("/deal")) == 250
    after = megaplan.card("/deal/1001")
    assert (after["name"], after["state"]["id"]) == (before["name"], before["state"]["id"])
    assert (after["timeUpdated"] == before["timeUpdated"]) is not touch
    newest = megaplan.rows(
        "/deal", limit=2, sortBy=[{"contentType": "SortField", "fieldName": "timeUpdated", "desc": True}]
    )
    assert ("1001" in ids(newest)) is touch
    kinds = [entry.get("type") for entry in megaplan.rows("/deal/1001/history")]
    assert (kinds[:2], kinds[-1]) == (["restore", "drop"], "create")


def test_only_a_deleted_deal_can_be_restored(megaplan: Client) -> None:
    answer = requests.post(
        f"{megaplan.url}/_control/mutate", json={"op": "restore_deals", "ids": ["1001"]}, timeout=10
    )
    assert answer.status_code == 400
    assert "1001" in answer.json()["error"]


def test_a_hidden_deal_says_why(megaplan: Client) -> None:
    megaplan.mutate(op="revoke_visibility", ids=["1001"])
    assert message(megaplan.get("/deal/1001")) == "No act_read rights for model 1001"

"""State history and change sets of deals."""

from itertools import pairwise
from typing import Any

import pytest

from tests.emulators.megaplan_client import Client, link

PROGRAM = {"contentType": "Program", "id": "14"}


def when(entry: dict[str, Any], name: str) -> str:
    text: str = entry[name]["value"]
    return text


def test_the_seeded_history_leads_to_the_present_state(megaplan: Client) -> None:
    for deal in megaplan.truth("deals"):
        moves = megaplan.rows(f"/deal/{deal['id']}/statusHistory")
        assert moves[0]["fromStatus"] is None
        assert moves[-1]["toStatus"]["id"] == deal["state"]["id"]
        assert moves[-1]["toStatusUpdated"] == deal["stateTimeUpdated"]
        assert when(moves[0], "toStatusUpdated") == deal["timeCreated"]["value"]
        for before, after in pairwise(moves):
            assert after["fromStatus"]["id"] == before["toStatus"]["id"]
            assert after["fromStatusUpdated"] == before["toStatusUpdated"]
            assert when(after, "fromStatusUpdated") <= when(after, "toStatusUpdated")


def test_the_seeded_change_sets_tell_the_same_moves_and_end_at_the_last_update(megaplan: Client) -> None:
    for deal in megaplan.truth("deals", limit="60"):
        sets = megaplan.rows(f"/deal/{deal['id']}/history")
        assert sets[-1]["type"] == "create"
        assert all("type" not in entry for entry in sets[:-1])
        assert [when(entry, "timeCreated") for entry in sets] == sorted(
            (when(entry, "timeCreated") for entry in sets), reverse=True
        )
        assert sets[0]["timeCreated"] == deal["timeUpdated"]
        told = [
            change["newValue"]["id"]
            for entry in reversed(sets)
            for change in entry["changes"]
            if change["field"] == "state"
        ]
        moves = megaplan.rows(f"/deal/{deal['id']}/statusHistory")
        assert told == [move["toStatus"]["id"] for move in moves[1:]]


def test_a_new_deal_has_its_first_status(megaplan: Client) -> None:
    id = megaplan.post("/deal", {"contentType": "Deal", "program": PROGRAM}).json()["data"]["id"]
    deal = megaplan.card(f"/deal/{id}")
    (first,) = megaplan.rows(f"/deal/{id}/statusHistory")
    assert (first["fromStatus"], first["toStatus"]["id"]) == (None, deal["state"]["id"])
    assert first["toStatusUpdated"] == deal["timeCreated"]
    assert [entry["type"] for entry in megaplan.rows(f"/deal/{id}/history")] == ["create"]


def test_every_move_is_recorded_whoever_makes_it(megaplan: Client) -> None:
    id = megaplan.post("/deal", {"contentType": "Deal", "program": PROGRAM}).json()["data"]["id"]
    megaplan.control("clock", {"advance": 60})
    transition = next(
        entry for entry in megaplan.card(f"/deal/{id}")["possibleTransitions"] if entry["enabled"]
    )
    megaplan.post(f"/deal/{id}/applyTransition", transition)
    megaplan.control("clock", {"advance": 60})
    state = megaplan.mutate(op="move_stage", id=id)["state"]
    moves = megaplan.rows(f"/deal/{id}/statusHistory")
    assert [move["toStatus"]["id"] for move in moves[1:]] == [transition["to"]["id"], state]
    assert len({when(move, "toStatusUpdated") for move in moves}) == 3
    fields = [
        [change["field"] for change in entry["changes"]] for entry in megaplan.rows(f"/deal/{id}/history")
    ]
    assert fields == [["state"], ["state"], []]


def test_a_later_change_does_not_rewrite_the_past(megaplan: Client) -> None:
    deal = next(row for row in megaplan.truth("deals") if row["result"] != "active" and row["manager"])
    someone = next(row["id"] for row in megaplan.truth("employees") if row["id"] != deal["manager"]["id"])
    before_the_change = (deal["timeUpdated"], deal["userUpdated"]["id"])
    megaplan.post(f"/deal/{deal['id']}", {"manager": {"contentType": "Employee", "id": someone}})
    moves = megaplan.rows(f"/deal/{deal['id']}/statusHistory")
    assert {move["toStatusUser"]["id"] for move in moves[1:]} == {deal["manager"]["id"]}
    second = megaplan.rows(f"/deal/{deal['id']}/history")[1]
    assert (second["timeCreated"], second["author"]["id"]) == before_the_change


def test_state_history_pages_by_its_own_type(megaplan: Client) -> None:
    for _ in range(4):
        megaplan.mutate(op="move_stage", id="1001")
    whole = megaplan.rows("/deal/1001/statusHistory")
    first = megaplan.rows("/deal/1001/statusHistory", limit=2)
    rest = megaplan.rows("/deal/1001/statusHistory", limit=100, pageAfter=link(first[-1]))
    assert [row["id"] for row in first + rest] == [row["id"] for row in whole]


@pytest.mark.parametrize("status", [403, 404])
def test_an_account_may_have_no_state_history(megaplan: Client, status: int) -> None:
    megaplan.control("knobs", {"status_history": str(status)})
    assert megaplan.get("/deal/1001/statusHistory").status_code == status
    assert megaplan.get("/deal/1001/history").status_code == 200


def test_a_dropped_contractor_tells_so_in_its_history(megaplan: Client) -> None:
    megaplan.mutate(op="create_contractor", kind="human", fields={"firstName": "Анна"})
    human = megaplan.truth("contractors")[-1]["id"]
    assert megaplan.request("DELETE", f"/contractorHuman/{human}").status_code == 200
    kinds = [entry.get("type") for entry in megaplan.rows(f"/contractorHuman/{human}/history")]
    assert kinds == ["drop", "create"]

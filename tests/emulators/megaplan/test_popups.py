"""The emulated Megaplan's pop-ups: for whom, until when, and with which client."""

import time

import pytest

from tests.emulators.megaplan_calls import COLLEAGUE, MANAGER, PHONE, change, client, make, popups, seen
from tests.emulators.megaplan_client import Client, link


def test_an_incoming_call_pops_up_for_whom_it_is(megaplan: Client) -> None:
    who = client(megaplan, "8 (900) 123-45-67")
    before = time.time()
    call = make(megaplan)
    (event,) = popups(megaplan)
    assert (event["event"], event["callId"], event["state"]) == ("open", call["id"], "calling")
    assert (event["phone"], event["client"], event["clients"]) == (PHONE, who, [who])
    assert before - 1 < event["at"] < time.time() + 1
    change(megaplan, call, state="talking")
    change(megaplan, call, state="finished")
    change(megaplan, call, recordLinks=["https://r.example.org/1.mp3"])
    assert seen(megaplan) == [
        ("open", "calling"),
        ("change", "talking"),
        ("close", "finished"),
        ("change", "finished"),
    ]
    assert popups(megaplan)[-1]["recordLinks"] == ["https://r.example.org/1.mp3"]


def test_an_outgoing_call_pops_up_for_who_rings(megaplan: Client) -> None:
    who = client(megaplan, PHONE)
    make(megaplan, type="out", fromUser=COLLEAGUE, toUser=None, fromPhone="101", toPhone=PHONE)
    assert popups(megaplan) == []
    assert popups(megaplan, COLLEAGUE)[0]["client"] == who


def test_a_call_that_goes_to_somebody_else_closes_here(megaplan: Client) -> None:
    call = make(megaplan)
    change(megaplan, call, toUser=COLLEAGUE, state="talking")
    assert seen(megaplan) == [("open", "calling"), ("close", "talking")]
    assert seen(megaplan, COLLEAGUE) == [("open", "talking")]


def test_a_call_of_nobody_pops_up_nowhere(megaplan: Client) -> None:
    make(megaplan, toUser=None)
    assert megaplan.control("popups", method="GET") == {}


def test_pop_ups_can_be_forgotten(megaplan: Client) -> None:
    make(megaplan)
    assert megaplan.control("popups", method="DELETE") == {}
    assert popups(megaplan) == []


def test_a_strangers_call_names_no_client(megaplan: Client) -> None:
    make(megaplan, fromPhone="79990000001")
    assert (popups(megaplan)[0]["client"], popups(megaplan)[0]["clients"]) == (None, [])


@pytest.mark.parametrize(
    ("kind", "side"), [("in", "fromUser"), ("miss", "fromUser"), ("out", "toUser"), ("fail", "toUser")]
)
def test_the_client_of_a_call_can_be_named(megaplan: Client, kind: str, side: str) -> None:
    first, second = client(megaplan), client(megaplan, company=True)
    own = {"toUser": MANAGER} if side == "fromUser" else {"fromUser": MANAGER, "toUser": None}
    call = make(megaplan, type=kind, **own)
    todo = megaplan.post(f"/callInfo/{call['id']}/todos", {"name": "Звонок"}).json()["data"]
    for who in (first, second):
        answer = megaplan.post(f"/callInfo/{call['id']}/setContractor", who).json()["data"]
        assert link(answer[side]) == who
        relations = [link(row) for row in megaplan.card(f"/todo/{todo['id']}")["relations"]]
        assert relations == [link(call), who]
        assert popups(megaplan)[-1]["client"] == who
    assert megaplan.rows(f"/contractorHuman/{first['id']}/todos") == []
    assert [row["id"] for row in megaplan.rows(f"/contractorCompany/{second['id']}/todos")] == [todo["id"]]
    abstract = {"contentType": "Contractor", "id": first["id"]}
    assert megaplan.post(f"/callInfo/{call['id']}/setContractor", abstract).status_code == 422

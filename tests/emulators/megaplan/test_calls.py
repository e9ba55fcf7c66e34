"""Calls in the emulated Megaplan: their states, their records, their history, and what may go wrong."""

import time
from typing import Any

import pytest
import requests

from tests.emulators.megaplan_calls import MANAGER, PHONE, change, client, make, moment, popups
from tests.emulators.megaplan_client import Client, link, message


def test_a_call_goes_through_its_states(megaplan: Client) -> None:
    call = make(megaplan)
    assert (call["recordLinks"], call["timeTo"], call["toUser"]["id"]) == ([], None, "1000004")
    change(megaplan, call, state="talking")
    records = ["https://rec.example.org/pbx-7f3.mp3"]
    change(megaplan, call, state="finished", timeTo=moment("2026-09-21T09:17:00+00:00"), recordLinks=records)
    card = megaplan.card(f"/callInfo/{call['id']}")
    assert (card["state"], card["recordLinks"], card["recordLinksCount"]) == ("finished", records, 1)
    assert card["timeTo"] == moment("2026-09-21T09:17:00+00:00")
    assert (card["providerId"], card["fromPhone"]) == ("pbx-7f3", PHONE)
    assert megaplan.walk("/callInfo", limit=2)[-1]["id"] == call["id"]


def test_the_seeded_account_has_a_call_of_each_type(megaplan: Client) -> None:
    calls = megaplan.rows("/callInfo")
    assert [call["type"] for call in calls] == ["unknown", "in", "out", "miss", "fail"]
    assert {call["state"] for call in calls} == {"finished"}
    assert megaplan.control("popups", method="GET") == {}


def test_record_links_are_replaced_as_a_whole(megaplan: Client) -> None:
    call = make(megaplan, recordLinks=["https://a.example.org/1.mp3"])
    assert change(megaplan, call, recordLinks=["https://b.example.org/2.mp3"])["recordLinks"] == [
        "https://b.example.org/2.mp3"
    ]


@pytest.mark.parametrize(
    ("fields", "field", "text"),
    [
        ({"type": "incoming"}, "type", "Value is not allowed for 'CallInfo.type'"),
        ({"state": "ringing"}, "state", "Value is not allowed for 'CallInfo.state'"),
        ({"recordLinks": "https://x"}, "recordLinks", "'string' is not assignable to 'string[]'"),
        ({"timeFrom": "2026-09-21T09:15:00+00:00"}, "timeFrom", "'string' is not assignable to 'DateTime'"),
        ({"toUser": {"contentType": "Deal", "id": "1001"}}, "toUser", None),
        (
            {"toUser": {"contentType": "Employee", "id": "5"}},
            "toUser",
            "Entity Employee with id 5 is not found",
        ),
        ({"fromPhone": 79001234567}, "fromPhone", "'integer' is not assignable to 'string'"),
        ({"recordUrl": "https://x"}, None, None),
    ],
)
def test_a_wrong_call_is_refused(
    megaplan: Client, fields: dict[str, Any], field: str | None, text: str | None
) -> None:
    before = len(megaplan.rows("/callInfo"))
    for path, body in (
        ("/callInfo", fields),
        ("/callInfo/501", {"id": "501", **fields}),
        ("/callInfo/history", [{}, fields]),
    ):
        answer = megaplan.post(path, body)
        assert (answer.status_code, answer.json()["meta"]["errors"][0]["field"]) == (422, field)
        assert text is None or message(answer) == text
    assert len(megaplan.rows("/callInfo")) == before


def test_an_account_may_require_fields(megaplan: Client) -> None:
    megaplan.control("knobs", {"call_required_fields": "providerId,timeFrom"})
    answer = megaplan.post("/callInfo", {"type": "in", "providerId": "1"})
    assert (answer.status_code, answer.json()["meta"]["errors"][0]["field"]) == (422, "timeFrom")


@pytest.mark.parametrize(("knob", "others"), [("create", 1), ("update", 0)])
def test_an_update_without_id_may_make_another_call(megaplan: Client, knob: str, others: int) -> None:
    megaplan.control("knobs", {"call_update_without_id": knob})
    call = make(megaplan)
    answer = megaplan.post(f"/callInfo/{call['id']}", {"state": "talking"}).json()["data"]
    assert (answer["id"] != call["id"]) is bool(others)
    assert len(megaplan.rows("/callInfo")) == 6 + others


def test_a_call_is_found_and_changed_by_the_exchanges_id(megaplan: Client) -> None:
    call = make(megaplan)
    assert megaplan.card("/callInfo/provider?" + '{"providerId":"pbx-7f3"}')["id"] == call["id"]
    answer = megaplan.post("/callInfo/provider", {"providerId": "pbx-7f3", "state": "talking"})
    assert (answer.json()["data"]["id"], answer.json()["data"]["state"]) == (call["id"], "talking")
    assert megaplan.get("/callInfo/provider", providerId="nobody").status_code == 404
    assert megaplan.post("/callInfo/provider", {"providerId": "nobody"}).status_code == 404
    for refused in (
        megaplan.get("/callInfo/provider"),
        megaplan.post("/callInfo/provider", {"state": "hold"}),
    ):
        assert (refused.status_code, refused.json()["meta"]["errors"][0]["field"]) == (422, "providerId")


def test_of_several_calls_with_one_id_the_latest_is_meant(megaplan: Client) -> None:
    first, second = make(megaplan), make(megaplan)
    assert first["id"] != second["id"]
    megaplan.post("/callInfo/provider", {"providerId": "pbx-7f3", "state": "hold"})
    assert megaplan.card(f"/callInfo/{first['id']}")["state"] == "calling"
    assert megaplan.get("/callInfo/provider", providerId="pbx-7f3").json()["data"]["state"] == "hold"
    change(megaplan, second, providerId="other")
    assert megaplan.get("/callInfo/provider", providerId="pbx-7f3").json()["data"]["id"] == first["id"]
    assert megaplan.get("/callInfo/provider", providerId="other").json()["data"]["id"] == second["id"]


def test_an_account_may_hold_the_exchanges_id_unique(megaplan: Client) -> None:
    call = make(megaplan)
    megaplan.control("knobs", {"duplicate_provider_id": "refuse"})
    assert megaplan.post("/callInfo", {"providerId": "pbx-7f3"}).status_code == 422
    megaplan.control("knobs", {"duplicate_provider_id": "update"})
    assert make(megaplan, state="hold")["id"] == call["id"]
    assert megaplan.card(f"/callInfo/{call['id']}")["state"] == "hold"


def test_history_creates_or_updates_finished_calls_in_silence(megaplan: Client) -> None:
    known = make(megaplan)
    shown = len(popups(megaplan))
    batch = [
        {"providerId": "pbx-7f3", "toUser": MANAGER, "recordLinks": ["https://r.example.org/1.mp3"]},
        {"providerId": "pbx-8", "type": "miss", "state": "calling", "toUser": MANAGER, "fromPhone": PHONE},
        {"providerId": "pbx-8", "timeTo": moment("2026-09-21T09:20:00+00:00")},
    ]
    rows = megaplan.post("/callInfo/history", batch).json()["data"]
    assert rows[0]["id"] == known["id"]
    assert rows[1]["id"] == rows[2]["id"] != known["id"]
    fresh = megaplan.card(f"/callInfo/{rows[1]['id']}")
    assert (fresh["state"], fresh["type"]) == ("finished", "miss")
    assert fresh["timeTo"] == moment("2026-09-21T09:20:00+00:00")
    assert megaplan.card(f"/callInfo/{known['id']}")["state"] == "finished"
    assert len(popups(megaplan)) == shown
    assert fresh["id"] in [row["id"] for row in megaplan.rows("/callInfo/history")]
    assert megaplan.post("/callInfo/history", batch[0]).status_code == 422


def test_the_list_of_history_holds_finished_calls_only(megaplan: Client) -> None:
    call = make(megaplan)
    assert call["id"] not in [row["id"] for row in megaplan.walk("/callInfo/history", limit=2)]
    change(megaplan, call, state="finished")
    assert call["id"] in [row["id"] for row in megaplan.walk("/callInfo/history", limit=2)]


def test_communications_hang_on_a_call(megaplan: Client) -> None:
    call = make(megaplan)
    body = {"name": "Звонок", "category": {"contentType": "TodoCategory", "id": 1}}
    made = megaplan.post(f"/callInfo/{call['id']}/todos", body).json()["data"]
    megaplan.post(f"/todo/{made['id']}/doAction", {"contentType": "TodoFinishActionRequest"})
    assert megaplan.rows(f"/callInfo/{call['id']}/todos") == []
    (todo,) = megaplan.rows(f"/callInfo/{call['id']}/todos", all=True, fields=["relations"])
    assert link(todo["relations"][0]) == link(call)
    assert megaplan.get("/callInfo/999999/todos").status_code == 404


def test_megaplan_may_make_one_todo_per_call_by_itself(megaplan: Client) -> None:
    megaplan.control("knobs", {"call_makes_todo": True})
    who = client(megaplan, PHONE)
    call = make(megaplan)
    change(megaplan, call, state="finished", timeTo=moment("2026-09-21T09:17:00+00:00"), type="miss")
    imported = megaplan.post("/callInfo/history", [{"providerId": "h-1", "type": "out"}]).json()["data"][0]
    megaplan.post("/callInfo/history", [{"providerId": "h-1", "type": "out"}])
    assert len(megaplan.rows(f"/callInfo/{imported['id']}/todos", all=True)) == 1
    (todo,) = megaplan.rows(f"/callInfo/{call['id']}/todos", all=True, fields=["relations"])
    assert (todo["name"], todo["category"]["masterType"]) == ("Пропущенный звонок", "call")
    assert (todo["status"]["masterType"], todo["responsible"]["id"]) == ("scheduled", "1000004")
    assert todo["when"]["to"] == moment("2026-09-21T09:17:00+00:00")
    assert [link(row) for row in todo["relations"]] == [link(call), who]


def test_megaplan_makes_no_todo_unless_asked(megaplan: Client) -> None:
    assert megaplan.rows(f"/callInfo/{make(megaplan)['id']}/todos", all=True) == []


def test_calls_are_seen_late_by_readers(megaplan: Client) -> None:
    megaplan.control("knobs", {"read_lag_ms": 300})
    call = make(megaplan)
    assert megaplan.get(f"/callInfo/{call['id']}").status_code == 404
    assert megaplan.get("/callInfo/provider", providerId="pbx-7f3").status_code == 404
    assert call["id"] not in [row["id"] for row in megaplan.rows("/callInfo")]
    change(megaplan, call, state="talking")
    time.sleep(0.35)
    assert megaplan.card(f"/callInfo/{call['id']}")["state"] == "talking"


def test_megaplan_may_lose_gain_and_change_calls(megaplan: Client) -> None:
    gained = megaplan.mutate(op="create_calls", calls=[{"providerId": "x", "type": "in"}])["ids"]
    assert megaplan.get("/callInfo/provider", providerId="x").json()["data"]["id"] == gained[0]
    megaplan.mutate(op="change_call", id="501", fields={"recordLinks": []})
    assert megaplan.card("/callInfo/501")["recordLinks"] == []
    megaplan.mutate(op="delete_calls", ids=[*gained, "502"])
    assert megaplan.get("/callInfo/provider", providerId="x").status_code == 404
    assert "502" not in [row["id"] for row in megaplan.rows("/callInfo")]
    assert [row["id"] for row in megaplan.truth("calls")] == [row["id"] for row in megaplan.rows("/callInfo")]


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({"kind": "500"}, 500),
        ({"kind": "close"}, None),
        ({"kind": "reset"}, None),
        ({"kind": "timeout", "seconds": 1}, None),
    ],
)
def test_a_call_may_be_accepted_without_an_answer(
    megaplan: Client, fault: dict[str, Any], status: int | None
) -> None:
    megaplan.control(
        "faults", [{**fault, "path": "/callInfo", "method": "POST", "count": 1, "processed": True}]
    )
    body = {"providerId": "ambiguous", "type": "in", "state": "calling", "toUser": MANAGER}
    if status is None:
        with pytest.raises(requests.exceptions.ConnectionError):
            megaplan.post("/callInfo", body)
    else:
        assert megaplan.post("/callInfo", body).status_code == status
    found = megaplan.get("/callInfo/provider", providerId="ambiguous").json()["data"]
    assert found["state"] == "calling"
    assert len(popups(megaplan)) == 1


def test_a_call_may_be_refused_just_as_silently(megaplan: Client) -> None:
    megaplan.control("faults", [{"kind": "close", "path": "/callInfo", "method": "POST", "count": 1}])
    with pytest.raises(requests.exceptions.ConnectionError):
        megaplan.post("/callInfo", {"providerId": "ambiguous"})
    assert megaplan.get("/callInfo/provider", providerId="ambiguous").status_code == 404


def test_the_log_keeps_what_was_posted_but_no_password(megaplan: Client) -> None:
    megaplan.control("requests", method="DELETE")
    megaplan.login()
    make(megaplan)
    told = megaplan.control("requests", method="GET")
    assert [entry["body"] and entry["body"]["providerId"] for entry in told] == [None, "pbx-7f3"]
    assert "demo-password" not in str(told)


def test_a_user_sign_names_the_employee(megaplan: Client) -> None:
    issued = requests.get(
        f"{megaplan.url}/_control/userSign", params={"employee": "1000004"}, timeout=10
    ).json()
    path = f"/integration/{issued['applicationUuid']}/checkUserSign"
    assert megaplan.card(f"{path}/{issued['userSign']}")["id"] == "1000004"
    forged = issued["userSign"].replace("1000004", "1000000")
    assert megaplan.get(f"{path}/{forged}").status_code == 404
    assert megaplan.get(f"/integration/other/checkUserSign/{issued['userSign']}").status_code == 404

"""Interactive call processing: the platform asks where a call should go, and what becomes of the answer."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.emulators.uis_client import Client, Receiver

pytest_plugins = ["tests.emulators.uis_fixtures"]


@pytest.fixture
def asked(uis: Client, receiver: Receiver) -> Receiver:
    """Give the server that is asked about calls to 74950000002."""
    uis.control("knobs", {"interactive_url": receiver.url + "/route/secret"})
    receiver.answer = {"phones": ["0100005"]}
    return receiver


def come_in(uis: Client, **spec: Any) -> dict[str, Any]:
    return uis.play("interactive", virtual_number="74950000002", contact="79005550001", **spec)


def test_the_platform_asks_by_get(uis: Client, asked: Receiver) -> None:
    call = come_in(uis, start="2026-01-15 09:00:00")
    request = asked.received[0]
    assert (request.method, request.path) == ("GET", "/route/secret")
    assert request.query == {
        "cdr_id": [str(call["id"])],
        "start_time": ["2026-01-15 09:00:00"],
        "input_result": ["None"],
        "numa": ["79005550001"],
        "numb": ["74950000002"],
    }


@pytest.mark.parametrize(
    ("knobs", "name"),
    [
        ({"brand": "comagic"}, "cdr_id"),
        ({"brand": "novofon"}, "call_session_id"),
        ({"interactive_id": "call_session_id"}, "call_session_id"),
        ({"brand": "novofon", "interactive_id": "cdr_id"}, "cdr_id"),
    ],
)
def test_the_name_of_the_id_depends_on_the_brand(
    uis: Client, asked: Receiver, knobs: dict[str, str], name: str
) -> None:
    uis.control("knobs", knobs)
    call = come_in(uis)
    assert asked.received[0].query[name] == [str(call["id"])]


@pytest.mark.parametrize("encoding", ["form", "json", "query"])
def test_a_post_has_three_forms(uis: Client, asked: Receiver, encoding: str) -> None:
    uis.control("knobs", {"interactive_method": "POST", "interactive_encoding": encoding})
    come_in(uis)
    request = asked.received[0]
    found: dict[str, Any] = request.query
    if encoding == "form":
        found = parse_qs(request.body)
    elif encoding == "json":
        found = {name: [value] for name, value in json.loads(request.body).items()}
    assert request.method == "POST"
    assert (found["numa"], found["numb"]) == (["79005550001"], ["74950000002"])


@pytest.mark.parametrize(("form", "shown"), [("hhmm", "0900"), ("timestamp", "1768456800")])
def test_the_start_time_has_several_forms(uis: Client, asked: Receiver, form: str, shown: str) -> None:
    uis.control("knobs", {"interactive_start_time": form})
    come_in(uis, start="2026-01-15 09:00:00")
    assert asked.received[0].query["start_time"] == [shown]


def test_pressed_digits_and_chosen_parameters(uis: Client, asked: Receiver) -> None:
    operations = [{"mnemonic": "integration", "url": asked.url, "send": ["input_result", "direction"]}]
    uis.mutate("set_operations", scenario_id=2, operations=operations)
    come_in(uis, input_result="42")
    assert set(asked.received[0].query) == {"cdr_id", "input_result", "direction"}
    assert asked.received[0].query["input_result"] == ["42"]


def test_the_named_telephone_is_rung(uis: Client, asked: Receiver) -> None:
    call = come_in(uis)
    assert (call["employees"], call["talked"]) == ([505], [505])
    assert call["operations"] == ["integration"]


def test_telephones_are_rung_in_turn_or_at_once(uis: Client, asked: Receiver) -> None:
    asked.answer = {"phones": ["0100005", "79161000002", "79990001122"], "operator_message": "hint.mp3"}
    call = come_in(uis, employee_answers=None, answers={"503": 5})
    assert [leg["employee_id"] for leg in call["legs"]] == [None, 505, 503]
    assert call["legs"][2]["started"] - call["legs"][1]["started"] == 30
    uis.control("knobs", {"interactive_dial": "simultaneous"})
    call = come_in(uis, answers={"503": 5})
    assert [leg["called"] for leg in call["legs"][1:]] == ["0100005", "79161000002", "79990001122"]
    assert len({leg["started"] for leg in call["legs"][1:]}) == 1
    assert call["talked"] == [503]


def test_a_foreign_number_is_nobodys_telephone(uis: Client, asked: Receiver) -> None:
    asked.answer = {"phones": ["79990001122"]}
    call = come_in(uis)
    assert (call["is_lost"], call["employees"]) == (False, [])


def test_extensions_are_not_understood_unless_told(uis: Client, asked: Receiver) -> None:
    asked.answer = {"phones": ["105"]}
    assert come_in(uis)["employees"] == []
    uis.control("knobs", {"interactive_extensions": True})
    assert come_in(uis)["talked"] == [505]


def test_a_message_is_played_before_ringing(uis: Client, asked: Receiver) -> None:
    asked.answer = {"text": "Здравствуйте", "phones": ["0100005"]}
    call = come_in(uis)
    assert 4 <= call["legs"][1]["started"] - call["started"] < 6


@pytest.mark.parametrize("answer", [{"message_name": "x.mp3"}, {"text": "Перезвоните позже"}])
def test_only_a_message(uis: Client, asked: Receiver, answer: dict[str, str]) -> None:
    asked.answer = answer
    call = come_in(uis)
    assert (call["is_lost"], call["operations"], call["employees"]) == (True, ["integration"], [])


@pytest.mark.parametrize("code", [0, "0", [7, 0]])
def test_a_code_leaves_by_its_branch(uis: Client, asked: Receiver, code: Any) -> None:
    asked.answer = {"returned_code": code}
    call = come_in(uis)
    assert (call["operations"], call["talked"]) == (["integration", "dialing"], [501])
    log = uis.control("interactive", method="GET")[0]
    assert (log["branch"], log["status"]) == ("0", 200)


def test_every_branch_can_lead_elsewhere(uis: Client, asked: Receiver) -> None:
    operations = [
        {"mnemonic": "integration", "branches": {"1": 2, "http_request_failed": None}},
        {"mnemonic": "ivr", "seconds": 1},
        {"mnemonic": "dialing", "employees": [509]},
    ]
    uis.mutate("set_operations", scenario_id=2, operations=operations)
    asked.answer = {"returned_code": 1}
    assert come_in(uis)["talked"] == [509]
    asked.status = 500
    assert come_in(uis)["operations"] == ["integration"]


def test_nobody_at_the_named_telephone_is_a_branch_too(uis: Client, asked: Receiver) -> None:
    uis.mutate("set_status", employee=505, status="do_not_disturb")
    call = come_in(uis)
    assert (call["operations"], call["talked"]) == (["integration", "dialing"], [501])
    assert call["legs"][1]["finish_reason"] == "employee_status_do_not_disturb"


@pytest.mark.parametrize(
    "answer",
    [
        "not json",
        [],
        {},
        {"phones": []},
        {"phones": [79001112233]},
        {"returned_code": 11},
        {"phones": "0100005"},
    ],
)
def test_an_answer_that_makes_no_sense_is_a_failure(uis: Client, asked: Receiver, answer: Any) -> None:
    asked.answer = answer
    call = come_in(uis)
    assert uis.control("interactive", method="GET")[0]["branch"] == "http_request_failed"
    assert (call["operations"], call["talked"]) == (["integration", "dialing"], [501])


@pytest.mark.parametrize("status", [201, 204, 302, 404, 500])
def test_only_status_200_counts(uis: Client, asked: Receiver, status: int) -> None:
    asked.status = status
    asked.answer = "" if status == 204 else asked.answer
    assert come_in(uis)["talked"] == [501]


def test_silence_ends_after_the_time_limit(uis: Client, asked: Receiver) -> None:
    uis.control("knobs", {"interactive_timeout_s": 0.2})
    asked.delay = 0.8
    call = come_in(uis)
    assert call["talked"] == [501]
    assert "TimeoutError" in uis.control("interactive", method="GET")[0]["error"]
    # a timer may be a fraction of a millisecond early by the other clock
    assert 0.19 <= call["legs"][1]["started"] - call["started"] < 0.7


def test_nobody_to_ask(uis: Client) -> None:
    assert come_in(uis)["talked"] == [501]
    uis.control("knobs", {"interactive_url": "http://127.0.0.1:9/"})
    assert come_in(uis)["talked"] == [501]


def test_a_caller_who_hangs_up_meanwhile(uis: Client, asked: Receiver) -> None:
    asked.delay = 0.3
    call = come_in(uis, abandons=0)
    assert (call["finish_reason"], call["employees"]) == ("subscriber_disconnects", [])


def test_other_calls_go_on_while_one_waits_for_an_answer(uis: Client, asked: Receiver) -> None:
    uis.control("clock", {"frozen": False})
    asked.delay = 0.5
    uis.mutate("play_call", kind="interactive", virtual_number="74950000002")
    uis.mutate("play_call", kind="outgoing", employee=509, contact_answers=0, talk=0)
    uis.control("state", method="GET")
    assert "call_session_finished" in uis.events()


def test_asking_happens_in_the_order_of_events(uis: Client, asked: Receiver) -> None:
    uis.control("notifications", {"url": asked.url + "/hook", "event": "all", "template": "flat"})
    come_in(uis)
    first = [request.path for request in asked.received]
    assert first.index("/route/secret") <= 2
    mnemonics = [json.loads(r.body)["notification_mnemonic"] for r in asked.received if r.path == "/hook"]
    assert mnemonics == uis.events()

"""Call API: starting calls, and which starts are refused."""

from typing import Any

import pytest

from tests.emulators.uis_calls import click, start
from tests.emulators.uis_client import Client

pytest_plugins = ["tests.emulators.uis_fixtures"]


def test_click_to_call(uis: Client) -> None:
    id = start(uis, {"talk": 30})
    assert isinstance(id, int)
    uis.advance(60)
    assert uis.events() == [
        "out_call",
        "call_proceeding",
        "call_connected",
        "out_call",
        "call_proceeding",
        "call_connected",
        "talk_started",
        "talk_finished",
        "call_disconnected",
        "call_disconnected",
        "call_session_finished",
        "talk_record_file",
    ]
    fields = ["direction", "source", "call_api_external_id", "call_api_request_id", "is_lost"]
    row = uis.report(fields=fields)[0]
    assert row.pop("call_api_request_id") > 0
    assert row == {
        "direction": "out",
        "source": "callapi",
        "call_api_external_id": "mp-call-55",
        "is_lost": False,
    }


def test_the_direction_is_in_unless_said_otherwise(uis: Client) -> None:
    params = click(uis)
    del params["direction"]
    id = uis.call("start.employee_call", **params)["call_session_id"]
    assert uis.truth(id)["direction"] == "in"


def test_session_events_of_click_to_call_are_optional(uis: Client) -> None:
    uis.control("knobs", {"callapi_session_event": True})
    start(uis)
    uis.advance(1)
    assert uis.events()[0] == "out_call_session"


def test_the_contact_may_be_rung_first(uis: Client) -> None:
    id = start(uis, first_call="contact")
    uis.advance(3)
    assert [leg["employee_id"] for leg in uis.truth(id)["legs"]] == [None]
    uis.advance(10)
    assert uis.truth(id)["talked"] == [501]


def test_an_employee_who_does_not_answer_is_tried_on_all_telephones(uis: Client) -> None:
    id = start(uis, {"employee_answers": None}, employee={"id": 501})
    uis.advance(100)
    call = uis.truth(id)
    assert [leg["called"] for leg in call["legs"]] == ["0100001", "79161000000"]
    assert (call["is_lost"], call["finish_reason"]) == (True, "no_success_operator_call")


def test_a_contact_who_does_not_answer(uis: Client) -> None:
    id = start(uis, {"contact_answers": None})
    uis.advance(100)
    assert uis.truth(id)["finish_reason"] == "no_success_subscriber_call"


def test_a_second_start_is_a_second_call(uis: Client) -> None:
    assert start(uis) != start(uis)
    assert len(uis.call("list.calls")) == 2


def test_after_a_lost_answer_the_call_is_found_by_its_external_id(uis: Client) -> None:
    uis.control("faults", {"kind": "500", "method": "start.employee_call", "nth": 1, "processed": True})
    params = click(uis, external_id="mp-77", access_token=uis.token)
    body = {"jsonrpc": "2.0", "id": 1, "method": "start.employee_call", "params": params}
    answer = uis.session.post(uis.url + "/v4.0", json=body, timeout=5)
    assert answer.status_code == 500
    assert [call["external_id"] for call in uis.call("list.calls")] == ["mp-77"]


@pytest.mark.parametrize(
    ("changes", "code", "mnemonic", "field"),
    [
        (
            {"virtual_phone_number": "74951234567"},
            -32007,
            "virtual_phone_number_not_found",
            "virtual_phone_number",
        ),
        ({"contact": "101"}, -32602, "invalid_parameter_value", "contact"),
        ({"contact": "+79005556677"}, -32602, "invalid_parameter_value", "contact"),
        ({"contact": "74950000002"}, -32602, "own_virtual_phone_number_not_allowed", "contact"),
        ({"contact": "79110000000"}, -32002, "contact_in_blacklist", "contact"),
        ({"employee": {"id": 5}}, -32602, "employee_not_found", "employee.id"),
        ({"employee": {}}, -32602, "required_parameter_missed", "employee.id"),
        (
            {"employee": {"id": 501, "phone_number": "102"}},
            -32602,
            "no_active_phone_number",
            "employee.phone_number",
        ),
        ({"employee": {"id": "501"}}, -32602, "data_type_error", "employee.id"),
        ({"first_call": "manager"}, -32602, "invalid_parameter_value", "first_call"),
        ({"direction": "up"}, -32602, "invalid_parameter_value", "direction"),
        ({"early_switching": True}, -32602, "invalid_parameters_combination", "early_switching"),
        (
            {"early_switching": True, "switch_at_once": True, "first_call": "contact"},
            -32602,
            "invalid_parameters_combination",
            "early_switching",
        ),
        ({"media_file_id": 1}, -32602, "media_file_not_found", "media_file_id"),
        (
            {"employee_message": {"type": "tts", "value": "а" * 5000}},
            -32602,
            "tts_text_exceeded",
            "employee_message.value",
        ),
        ({"nonsense": 1}, -32602, "unexpected_parameters", "nonsense"),
    ],
)
def test_what_click_to_call_refuses(
    uis: Client, changes: dict[str, Any], code: int, mnemonic: str, field: str
) -> None:
    uis.mutate("block_number", phone="79110000000")
    error = uis.rpc("start.employee_call", "/v4.0", **click(uis, **changes))["error"]
    assert (error["code"], error["data"]["mnemonic"], error["data"]["field"]) == (code, mnemonic, field)
    assert uis.call("list.calls") == []


def test_what_click_to_call_takes(uis: Client) -> None:
    for changes in (
        {"early_switching": True, "switch_at_once": True},
        {"contact": "0100002"},  # a colleague's SIP login
        {"employee": {"id": 501, "phone_number": "79161000000"}},
        {"employee_message": {"type": "media", "value": "2561"}},
        {"show_virtual_phone_number": False, "media_file_id": 2701, "dtmf_string": ".1.2"},
    ):
        assert uis.call("start.employee_call", **click(uis, **changes))["call_session_id"] > 0


def test_an_employee_without_active_telephone(uis: Client) -> None:
    uis.mutate("update_employee", employee=501, fields={"phone_numbers": []})
    found = uis.error("start.employee_call", "/v4.0", **click(uis))
    assert found == ("no_active_phone_number", "employee.phone_number")


def test_the_code_of_the_blacklist_depends_on_the_method(uis: Client) -> None:
    uis.mutate("block_number", phone="79110000000")
    common = {"virtual_phone_number": "74950000001", "contact": "79110000000", "first_call": "contact"}
    message = {"type": "tts", "value": "Привет"}
    codes = {}
    refused: dict[str, dict[str, Any]] = {
        "start.employee_call": {"employee": {"id": 501}},
        "start.simple_call": {"operator": "79001112233"},
        "start.scenario_call": {"scenario_id": 1},
        "start.informer_call": {"contact_message": message},
    }
    for method, params in refused.items():
        error = uis.rpc(method, "/v4.0", **common, **params)["error"]
        assert error["data"]["mnemonic"] == "contact_in_blacklist"
        codes[method] = error["code"]
    assert list(codes.values()) == [-32002, -32002, -32602, -32602]


def test_a_simple_call_has_no_employee(uis: Client) -> None:
    common = {"virtual_phone_number": "74950000001", "contact": "79005556677", "first_call": "operator"}
    id = uis.call("start.simple_call", **common, operator="79001112233", direction="out")["call_session_id"]
    uis.advance(100)
    call = uis.truth(id)
    assert (call["is_lost"], call["employees"]) == (False, [])
    assert uis.report(fields=["operator_phone_number"]) == [{"operator_phone_number": "79001112233"}]


def test_a_scenario_call(uis: Client) -> None:
    common = {"virtual_phone_number": "74950000001", "contact": "79005556677", "first_call": "contact"}
    assert uis.error("start.scenario_call", "/v4.0", **common, scenario_id=77)[0] == "scenario_not_found"
    id = uis.call("start.scenario_call", **common, scenario_id=1)["call_session_id"]
    uis.advance(200)
    assert (uis.truth(id)["source"], uis.truth(id)["talked"]) == ("callapi_scenario_call", [501])

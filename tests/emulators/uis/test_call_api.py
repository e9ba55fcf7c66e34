"""Call API: starting calls, managing them, what is refused."""

from typing import Any

import pytest

from tests.emulators.uis_client import Client

pytest_plugins = ["tests.emulators.uis_fixtures"]


def click(uis: Client, **changes: Any) -> dict[str, Any]:
    """Return the parameters of a click-to-call."""
    return {
        "first_call": "employee",
        "virtual_phone_number": "74950000001",
        "contact": "79005556677",
        "direction": "out",
        "external_id": "mp-call-55",
        "employee": {"id": 501, "phone_number": "101"},
        **changes,
    }


def start(uis: Client, people: dict[str, Any] | None = None, **changes: Any) -> int:
    """Start a click-to-call whose people behave as told; returns the session's id."""
    uis.mutate(
        "next_api_call", **({"employee_answers": 2, "contact_answers": 5, "talk": None} | (people or {}))
    )
    id: int = uis.call("start.employee_call", **click(uis, **changes))["call_session_id"]
    return id


def talking(uis: Client) -> int:
    """Return the id of a call in which both sides talk."""
    id = start(uis)
    uis.advance(10)
    assert uis.truth(id)["state"] == "TALK"
    return id


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


# managing


def test_release_ends_the_call_for_all(uis: Client) -> None:
    id = talking(uis)
    uis.control("events", method="DELETE")
    assert uis.call("release.call", call_session_id=id) == {"success": "true"}  # a string
    assert uis.events() == [
        "talk_finished",
        "call_disconnected",
        "call_disconnected",
        "call_session_finished",
    ]
    assert uis.truth(id)["finish_reason"] == "operator_disconnects"
    assert uis.error("release.call", "/v4.0", call_session_id=id)[0] == "call_session_not_found"


def test_a_call_can_be_released_while_it_rings(uis: Client) -> None:
    id = start(uis, {"employee_answers": None})
    uis.advance(1)
    uis.call("release.call", call_session_id=id)
    assert (uis.truth(id)["state"], uis.truth(id)["is_lost"]) == ("FINISHED", True)
    uis.advance(100)
    assert len(uis.truth(id)["legs"]) == 1


def test_calls_that_came_in_can_be_managed_too(uis: Client) -> None:
    id = uis.mutate("play_call", kind="incoming", talk=None)["id"]
    uis.advance(10)
    uis.call("release.call", call_session_id=id)
    assert uis.truth(id)["state"] == "FINISHED"


def test_list_calls(uis: Client) -> None:
    id = talking(uis)
    row = uis.call("list.calls", direction="out", virtual_phone_number="74950000001")[0]
    assert (row["call_session_id"], row["external_id"]) == (id, "mp-call-55")
    assert row["start_time"] == "2026-01-15T10:00:00.000"
    assert [leg["state"] for leg in row["legs"]] == ["Разговор", "Разговор"]
    assert [leg["is_operator"] for leg in row["legs"]] == [True, False]
    assert uis.call("list.calls", direction="in") == []
    assert uis.call("list.calls", virtual_phone_number="74950000002") == []


def test_states_are_russian(uis: Client) -> None:
    id = uis.mutate("play_call", kind="queue", employee_answers=None)["id"]
    uis.advance(5)
    assert uis.call("list.calls")[0]["legs"][0]["state"] == "На очереди"
    uis.advance(15)
    assert {leg["state"] for leg in uis.call("list.calls")[0]["legs"][1:]} == {"Дозвон"}
    assert uis.truth(id)["state"] == "SESSION"


HOLD = {"contact_message": {"type": "tts", "value": "Минуту"}}


def state(uis: Client, id: int) -> str:
    found: str = uis.truth(id)["state"]
    return found


def test_hold_and_back(uis: Client) -> None:
    id = talking(uis)
    assert uis.call("hold.call", call_session_id=id, **HOLD) == {"success": "true"}
    assert state(uis, id) == "HOLD"
    assert "На удержании" in [leg["state"] for leg in uis.call("list.calls")[0]["legs"]]
    assert uis.error("hold.call", "/v4.0", call_session_id=id, **HOLD)[0] == "invalid_state"
    uis.call("unhold.call", call_session_id=id)
    assert state(uis, id) == "TALK"
    assert uis.error("unhold.call", "/v4.0", call_session_id=id)[0] == "invalid_state"
    assert uis.events().count("call_hold_control") == 2


@pytest.mark.parametrize(
    ("method", "params"),
    [("make.call", {"to": "102"}), ("transfer.talk", {}), ("restore.talk", {}), ("unhold.call", {})],
)
def test_out_of_turn(uis: Client, method: str, params: dict[str, str]) -> None:
    id = talking(uis)
    error = uis.rpc(method, "/v4.0", call_session_id=id, **params)["error"]
    assert (error["code"], error["data"]["mnemonic"]) == (-32004, "invalid_state")


def test_asking_a_colleague_and_handing_over(uis: Client) -> None:
    id = talking(uis)
    uis.call("hold.call", call_session_id=id, **HOLD)
    uis.call("make.call", call_session_id=id, to="102")
    assert state(uis, id) == "DIALING"
    uis.advance(5)
    assert state(uis, id) == "OPERATOR_TALK"
    assert "Разговор операторов" in [leg["state"] for leg in uis.call("list.calls")[0]["legs"]]
    uis.call("transfer.talk", call_session_id=id)
    call = uis.truth(id)
    assert (call["state"], call["talked"], call["is_transfer"]) == ("TALK", [501, 502], True)


def test_handing_over_while_it_rings(uis: Client) -> None:
    id = talking(uis)
    uis.call("hold.call", call_session_id=id, **HOLD)
    uis.call("make.call", call_session_id=id, to="502")
    uis.call("transfer.talk", call_session_id=id)
    assert "Перевод вызова" in [leg["state"] for leg in uis.call("list.calls")[0]["legs"]]
    uis.advance(5)
    assert uis.truth(id)["talked"] == [501, 502]


def test_taking_the_contact_back(uis: Client) -> None:
    id = talking(uis)
    uis.call("hold.call", call_session_id=id, **HOLD)
    uis.call("make.call", call_session_id=id, to="79001112233")
    uis.advance(5)
    uis.call("restore.talk", call_session_id=id)
    assert (state(uis, id), uis.truth(id)["talked"]) == ("TALK", [501])


def test_a_colleague_who_does_not_answer(uis: Client) -> None:
    for hand_over, expected in ((False, "HOLD"), (True, "FINISHED")):
        id = start(uis, {"third_answers": None}, external_id=str(hand_over))
        uis.advance(10)
        uis.call("hold.call", call_session_id=id, **HOLD)
        uis.call("make.call", call_session_id=id, to="102")
        if hand_over:
            uis.call("transfer.talk", call_session_id=id)
        uis.advance(40)
        assert state(uis, id) == expected
        uis.control("reset")
        uis.control("clock", {"frozen": True})


def test_a_leg_can_be_dropped(uis: Client) -> None:
    id = talking(uis)
    legs = {leg["is_operator"]: leg["leg_id"] for leg in uis.call("list.calls")[0]["legs"]}
    assert uis.error("disconnect.leg", "/v4.0", call_session_id=id, leg_id=1) == ("leg_not_found", "leg_id")
    uis.call("disconnect.leg", call_session_id=id, leg_id=legs[False])
    assert (state(uis, id), uis.truth(id)["finish_reason"]) == ("FINISHED", "subscriber_disconnects")


def test_tags_of_a_call(uis: Client) -> None:
    id = talking(uis)
    uis.call("tag.call", call_session_id=id, tag_id=88)
    assert uis.call("list.calls")[0]["tags"] == [{"tag_id": 88, "tag_name": "Нецелевой контакт"}]
    assert uis.error("tag.call", "/v4.0", call_session_id=id, tag_id=88)[0] == "duplicate_tag"
    assert uis.error("tag.call", "/v4.0", call_session_id=id, tag_id=5)[0] == "tag_not_found"
    assert uis.events()[-1] == "set_mark"


def test_recording_on_demand(uis: Client) -> None:
    id = talking(uis)
    assert uis.error("record.call", "/v4.0", call_session_id=id, action="on")[0] == "record_already_started"
    assert uis.error("record.call", "/v4.0", call_session_id=id, action="off")[0] == "forbidden"
    uis.mutate("update_employee", employee=501, fields={"call_recording": "off"})
    uis.call("release.call", call_session_id=id)
    other = start(uis, external_id="x")
    uis.advance(10)
    stopped = uis.error("record.call", "/v4.0", call_session_id=other, action="off")
    assert stopped[0] == "record_already_stopped"
    uis.call("record.call", call_session_id=other, action="on")
    uis.advance(5)
    uis.call("release.call", call_session_id=other)
    assert len(uis.truth(other)["recordings"]) == 1
    assert "talk_record_control" in uis.events()


def test_blocking_the_contact(uis: Client) -> None:
    id = talking(uis)
    uis.call("block.contact", call_session_id=id)
    assert uis.error("block.contact", "/v4.0", call_session_id=id)[0] == "duplicate_contact"
    assert uis.error("start.employee_call", "/v4.0", **click(uis))[0] == "contact_in_blacklist"


def test_talk_options(uis: Client) -> None:
    id = talking(uis)
    assert (
        uis.error("call.talk_option", "/v4.0", call_session_id=id, button="9")[0] == "talk_option_not_found"
    )
    hold, mark = (option["button"] for option in uis.call("list.talk_options"))
    uis.call("call.talk_option", call_session_id=id, button=hold)
    assert state(uis, id) == "HOLD"
    uis.call("call.talk_option", call_session_id=id, button=mark)
    assert uis.truth(id)["tags"] == ["Нецелевой контакт"]


def test_dtmf_and_coach(uis: Client) -> None:
    id = talking(uis)
    assert uis.call("send.dtmf", call_session_id=id, dtmf_string="1.2#") == {"success": "true"}
    assert (
        uis.error("send.dtmf", "/v4.0", call_session_id=id, dtmf_string="x")[0] == "invalid_parameter_value"
    )
    assert uis.error("add.coach", "/v4.0", call_session_id=id, phone_number="1")[0] == "coach_not_found"
    uis.call("add.coach", call_session_id=id, phone_number="0100003")
    assert [leg["employee_id"] for leg in uis.truth(id)["legs"]] == [501, None, 503]

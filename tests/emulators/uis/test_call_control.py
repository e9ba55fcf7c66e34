"""Call API: managing calls that are under way: hanging up, hold, transfer, tags, recording."""

import pytest

from tests.emulators.uis_calls import click, start, talking
from tests.emulators.uis_client import Client

pytest_plugins = ["tests.emulators.uis_fixtures"]

HOLD = {"contact_message": {"type": "tts", "value": "Минуту"}}


def state(uis: Client, id: int) -> str:
    found: str = uis.truth(id)["state"]
    return found


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

"""Calls: every kind with its events, who was rung and why it ended; time, real and virtual."""

import time

import pytest

from tests.emulators.uis_client import Client

pytest_plugins = ["tests.emulators.uis_fixtures"]


def squeezed(events: list[str]) -> list[str]:
    """Return the events with equal neighbours as one."""
    return [event for index, event in enumerate(events) if index == 0 or events[index - 1] != event]


def test_an_answered_call(uis: Client) -> None:
    call = uis.play("incoming_answered", employee=502, employee_answers=8, talk=120)
    assert uis.events() == [
        "in_call_session",
        "in_call",
        *["out_call", "call_proceeding"] * 3,
        "call_connected",
        *["call_disconnected"] * 2,
        "talk_started",
        "talk_finished",
        *["call_disconnected"] * 2,
        "call_session_finished",
        "talk_record_file",
    ]
    assert (call["employees"], call["talked"]) == ([501, 502, 503], [502])
    assert (call["is_lost"], call["finish_reason"]) == (False, "subscriber_disconnects")
    row = uis.report()[0]
    assert (row["wait_duration"], row["talk_duration"], row["total_duration"]) == (8, 120, 128)


def test_the_silent_telephones_know_who_answered(uis: Client) -> None:
    legs = uis.play("incoming_answered", employee=502)["legs"]
    reasons = {leg["employee_id"]: leg["finish_reason"] for leg in legs}
    assert reasons[501] == reasons[503] == "another_operator_answer"


def test_the_employee_may_hang_up(uis: Client) -> None:
    assert uis.play("incoming_answered", hangs_up="employee")["finish_reason"] == "operator_disconnects"


@pytest.mark.parametrize(
    ("kind", "reason", "end"),
    [
        ("incoming_lost", "no_success_operator_call", ["lost_call_session", "call_session_finished"]),
        ("incoming_rejected", "no_success_operator_call", ["lost_call_session", "call_session_finished"]),
        ("incoming_abandoned", "subscriber_disconnects", ["lost_call_session", "call_session_finished"]),
        ("ivr_only", "scenario_disconnects", ["lost_call_session", "call_session_finished"]),
        ("voicemail", "subscriber_disconnects", ["call_session_finished", "voice_message"]),
        ("outgoing_unanswered", "no_success_subscriber_call", ["lost_call_session", "call_session_finished"]),
        ("outgoing_busy", "subscriber_busy", ["lost_call_session", "call_session_finished"]),
    ],
)
def test_lost_calls(uis: Client, kind: str, reason: str, end: list[str]) -> None:
    call = uis.play(kind)
    assert (call["is_lost"], call["finish_reason"], call["talks"]) == (True, reason, [])
    assert uis.events()[-2:] == end
    assert "talk_started" not in uis.events()


def test_an_outgoing_call_from_the_softphone(uis: Client) -> None:
    call = uis.play("outgoing_answered", employee=504, contact="79005556677")
    assert squeezed(uis.events()) == [
        "out_call_session",
        "in_call",
        "out_call",
        "call_proceeding",
        "call_connected",
        "talk_started",
        "talk_finished",
        "call_disconnected",
        "call_session_finished",
        "talk_record_file",
    ]
    assert (call["direction"], call["talked"], call["is_internal"]) == ("out", [504], False)


def test_a_call_among_colleagues(uis: Client) -> None:
    call = uis.play("internal", employee=504, contact="105")
    assert (call["is_internal"], call["contact_phone_number"], call["virtual_phone_number"]) == (
        True,
        "105",
        None,
    )
    assert call["employees"] == [504, 505]


def test_a_transfer(uis: Client) -> None:
    call = uis.play("transferred", employee=501, transfer_to=502, talk=90, second_talk=20)
    assert (call["is_transfer"], call["talked"]) == (True, [501, 502])
    tail = uis.events()[uis.events().index("talk_started") :]
    assert tail == [
        "talk_started",
        "out_call",
        "call_proceeding",
        "call_connected",
        "talk_finished",
        "call_disconnected",
        "talk_started",
        "talk_finished",
        "call_disconnected",
        "call_disconnected",
        "call_session_finished",
        "talk_record_file",
        "talk_record_file",
    ]
    assert [record["kind"] for record in call["recordings"]] == ["talk", "talk"]


def test_a_transfer_nobody_takes_leaves_the_talk_as_it_is(uis: Client) -> None:
    call = uis.play("transferred", employee=501, transfer_to=502, third_answers=None, talk=90)
    assert call["talked"] == [501]
    assert call["talks"][0]["finished"] - call["talks"][0]["started"] == 90


def test_employees_are_rung_in_turn(uis: Client) -> None:
    call = uis.play("ring_in_turn")
    legs = [(leg["employee_id"], leg["finish_reason"]) for leg in call["legs"][1:]]
    assert legs == [(501, "operator_not_responsible"), (502, "subscriber_disconnects")]
    assert call["legs"][2]["started"] - call["legs"][1]["started"] == 30


def test_a_queue_makes_the_caller_wait(uis: Client) -> None:
    call = uis.play("queue")
    assert call["operations"] == ["queue", "dialing"]
    assert uis.report(fields=["wait_duration"])[0]["wait_duration"] == 15 + 3


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("do_not_disturb", "employee_status_do_not_disturb"),
        ("break", "employee_status_break"),
        ("not_at_work", "employee_status_not_at_work"),
    ],
)
def test_who_does_not_want_to_be_disturbed_is_not_rung(uis: Client, status: str, reason: str) -> None:
    for employee in (501, 502, 503):
        uis.mutate("set_status", employee=employee, status=status)
    call = uis.play("incoming_answered")
    assert [leg["finish_reason"] for leg in call["legs"] if leg["employee_id"]] == [reason] * 3
    assert (call["is_lost"], call["finish_reason"]) == (True, "no_success_operator_call")
    assert "call_proceeding" not in uis.events()
    uis.mutate("set_status", employee=502, status="available")
    assert uis.play("incoming_answered")["talked"] == [502]


def test_not_at_the_workplace_means_the_mobile(uis: Client) -> None:
    uis.mutate("set_status", employee=501, status="not_at_workplace")
    uis.mutate("set_status", employee=502, status="not_at_workplace")  # has no mobile
    legs = {leg["employee_id"]: leg for leg in uis.play("incoming_lost")["legs"]}
    assert legs[501]["called"] == "79161000000"
    assert legs[502]["finish_reason"] == "phone_protocol_not_allowed_by_status"


def test_somebody_who_talks_is_busy(uis: Client) -> None:
    first = uis.mutate("play_call", kind="incoming", employee=501, talk=None)["id"]
    uis.advance(5)
    second = uis.mutate("play_call", kind="incoming", contact="79000000002", employee_answers=None)["id"]
    uis.advance(5)
    legs = {leg["employee_id"]: leg for leg in uis.truth(second)["legs"]}
    assert legs[501]["finish_reason"] == "operator_busy"
    assert legs[502]["state"] == "Дозвон"
    assert uis.truth(first)["state"] == "TALK"


def test_a_number_on_the_blacklist_gets_nowhere(uis: Client) -> None:
    uis.mutate("block_number", phone="79000000009")
    assert uis.play("incoming", contact="79000000009")["finish_reason"] == "numa_in_black_list"


def test_two_calls_between_the_same_numbers_are_two_sessions(uis: Client) -> None:
    same = {"contact": "79000000005", "virtual_number": "74950000001", "talk": 30}
    first = uis.mutate("play_call", kind="incoming", employee=501, **same)["id"]
    second = uis.mutate("play_call", kind="incoming", employee=502, **same)["id"]
    uis.advance(100)
    calls = [uis.truth(first), uis.truth(second)]
    assert [call["talked"] for call in calls] == [[501], [502]]
    assert calls[0]["started"] == calls[1]["started"]
    assert first != second
    assert not {leg["id"] for leg in calls[0]["legs"]} & {leg["id"] for leg in calls[1]["legs"]}


def test_with_a_standing_clock_nothing_happens_by_itself(uis: Client) -> None:
    id = uis.mutate("play_call", kind="incoming", employee=501, employee_answers=5, talk=20)["id"]
    uis.advance(4.9)
    assert uis.truth(id)["state"] == "SESSION"
    uis.advance(0.2)
    assert uis.truth(id)["state"] == "TALK"
    uis.advance(19.8)
    assert uis.truth(id)["state"] == "TALK"
    uis.advance(0.2)
    assert uis.truth(id)["state"] == "FINISHED"


def test_steps_keep_the_time_they_were_due_at(uis: Client) -> None:
    id = uis.mutate("play_call", kind="incoming", employee=501, employee_answers=5, talk=20)["id"]
    uis.advance(3600)
    call = uis.truth(id)
    assert call["finished"] - call["started"] == 25


def test_with_a_running_clock_calls_go_on_by_themselves(uis: Client) -> None:
    uis.control("clock", {"frozen": False, "speed": 50})
    id = uis.mutate("play_call", kind="incoming", employee=501, employee_answers=5, talk=10)["id"]
    deadline = time.monotonic() + 5
    while uis.truth(id)["state"] != "FINISHED":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    call = uis.truth(id)
    assert call["finished"] - call["started"] == pytest.approx(15)


def test_people_can_be_moved_by_hand(uis: Client) -> None:
    id = uis.mutate("play_call", kind="incoming", employee_answers=None, talk=None)["id"]
    uis.mutate("reject_call", id=id, employee=501)
    uis.mutate("answer_call", id=id, employee="102")
    assert uis.truth(id)["state"] == "TALK"
    uis.mutate("transfer_call", id=id, to=503, answers=None)
    uis.mutate("answer_call", id=id, employee=503)
    uis.mutate("hang_up_call", id=id, by="employee")
    call = uis.truth(id)
    assert (call["talked"], call["finish_reason"]) == ([502, 503], "operator_disconnects")


def test_the_contact_can_be_moved_by_hand(uis: Client) -> None:
    id = uis.mutate("play_call", kind="outgoing", contact_answers=None, talk=None)["id"]
    uis.mutate("answer_call", id=id, contact=True)
    assert uis.truth(id)["state"] == "TALK"


def test_a_virtual_call_has_just_ended_and_moves_no_clock(uis: Client) -> None:
    before = uis.control("clock", method="GET")["timestamp"]
    call = uis.play("incoming_answered", talk=600)
    assert uis.control("clock", method="GET")["timestamp"] == before
    assert before - 300 < call["recordings"][0]["ready"] <= before
    dated = uis.play("incoming_answered", start="2026-01-10 12:00:00")
    assert uis.report(filter={"field": "id", "operator": "=", "value": dated["id"]})[0]["start_time"] == (
        "2026-01-10 12:00:00"
    )


def test_a_load_is_the_same_for_the_same_seed(uis: Client) -> None:
    def load(seed: int) -> list[object]:
        uis.control("reset")
        uis.control("clock", {"frozen": True, "time": "2026-01-15 10:00:00"})
        result = uis.mutate("load_calls", count=60, seed=seed, span_s=600)
        assert (len(result["ids"]), sum(result["kinds"].values())) == (60, 60)
        calls = uis.control("calls", method="GET")
        assert all(call["state"] == "FINISHED" for call in calls)
        return [(c["started"], c["contact_phone_number"], c["finish_reason"], c["talked"]) for c in calls]

    first = load(1)
    assert load(1) == first
    assert load(2) != first


def test_a_load_has_the_wanted_mix_and_overlaps(uis: Client) -> None:
    result = uis.mutate("load_calls", count=30, mix={"incoming_answered": 1, "outgoing_busy": 1}, span_s=60)
    assert set(result["kinds"]) == {"incoming_answered", "outgoing_busy"}
    calls = uis.control("calls", method="GET")
    assert any(one["started"] < other["started"] < one["finished"] for one in calls for other in calls)


def test_a_real_load_happens_from_now_on(uis: Client) -> None:
    uis.mutate("load_calls", count=10, time="real", span_s=60, mix={"outgoing_answered": 1})
    assert uis.control("state", method="GET")["counts"]["calls_alive"] == 10
    uis.advance(600)
    assert uis.control("state", method="GET")["counts"]["calls_alive"] == 0


def test_nothing_fails_behind_the_scenes(uis: Client) -> None:
    uis.mutate("load_calls", count=150, seed=5)
    assert uis.control("state", method="GET")["failures"] == []

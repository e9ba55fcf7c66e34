"""HTTP notifications: templates, macros, conditions; delay, loss, duplicates, disorder; the delivery log."""

import json
import time
from typing import Any

import pytest

from tests.emulators.uis_client import BEGIN, END, Client, Receiver

pytest_plugins = ["tests.emulators.uis_fixtures"]


def listen(uis: Client, receiver: Receiver, event: Any = "all", **spec: Any) -> None:
    uis.control("notifications", {"url": receiver.url + "/hook", "event": event, "template": "flat"} | spec)


def body_of(uis: Client, receiver: Receiver, kind: str, event: str, **spec: Any) -> Any:
    """Return the first body of an event in the vendor's default template."""
    listen(uis, receiver, event, template="default")
    uis.play(kind, **spec)
    return receiver.bodies()[0]


def test_events_arrive_in_order(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver)
    uis.play("incoming_answered")
    assert [body["notification_mnemonic"] for body in receiver.bodies()] == uis.events()


def test_a_macro_becomes_a_json_literal(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver, "call_session_finished")
    id = uis.play("incoming_answered", employee=501, talk=20)["id"]
    body = receiver.bodies()[0]
    assert (body["call_session_id"], body["direction"], body["external_id"]) == (id, "in", None)
    assert (body["employee_ids"], body["is_lost"]) == ([501, 502, 503], False)
    assert body["talk_time_duration"] == 20  # the Data API calls it talk_duration


def test_times_are_the_accounts(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver, "in_call_session")
    uis.mutate("play_call", kind="incoming")
    uis.advance(0)
    body = receiver.bodies()[0]
    assert body["notification_time"] == "2026-01-15 10:00:00.000"
    assert body["notification_timestamp"] == 1768460400


def test_nobody_is_named_when_a_call_comes_in(uis: Client, receiver: Receiver) -> None:
    body = body_of(uis, receiver, "incoming_answered", "in_call_session", contact="79000000001")
    assert set(body) == {
        "notification_name",
        "virtual_phone_number",
        "notification_time",
        "scenario_name",
        "contact_info",
        "call_session_id",
    }
    assert body["contact_info"]["contact_id"] == 7001


def test_ringing_names_who_is_rung(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver, "call_proceeding", template="default")
    uis.play("incoming_answered")
    bodies = receiver.bodies()
    assert [body["employee_info"]["employee_id"] for body in bodies] == [501, 502, 503]
    assert "virtual_phone_number" not in bodies[0]
    assert len({body["leg_id"] for body in bodies}) == 3


def test_outgoing_names_the_employee_and_the_telephone(uis: Client, receiver: Receiver) -> None:
    body = body_of(uis, receiver, "outgoing_answered", "out_call_session", employee=503)
    assert (body["employee_info"]["employee_id"], body["employee_info"]["employee_phone_number"]) == (
        503,
        "0100003",
    )


def test_the_contacts_leg_belongs_to_nobody_unless_told(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver, "call_connected")
    uis.play("outgoing_answered", employee=503)
    uis.control("knobs", {"contact_leg_employee": True})
    uis.play("outgoing_answered", employee=503)
    assert [body["employee_id"] for body in receiver.bodies()] == [None, 503]


@pytest.mark.parametrize(
    ("kind", "event", "path", "expected"),
    [
        ("incoming_answered", "talk_started", "leg_ids", list),
        ("incoming_answered", "talk_finished", "call_info.talk_time_duration", 60),
        ("incoming_answered", "call_session_finished", "call_info.tag_names", type(None)),
        ("incoming_answered", "call_session_finished", "call_info.wait_time_duration", 3),
        ("incoming_lost", "lost_call_session", "employee_ids", [501, 502, 503]),
        ("incoming_lost", "lost_call_session", "wait_time_duration", 30),
        ("incoming_answered", "talk_record_file", "call_record_file_info.call_record_duration", 60),
        ("voicemail", "voice_message", "voice_mail_file_info.file_duration", 10),
        ("incoming_answered", "in_call", "employee_info.employee_id", type(None)),
    ],
)
def test_default_bodies(
    uis: Client, receiver: Receiver, kind: str, event: str, path: str, expected: Any
) -> None:
    value: Any = body_of(uis, receiver, kind, event)
    for key in path.split("."):
        value = value[key]
    assert isinstance(value, expected) if isinstance(expected, type) else value == expected


def test_default_bodies_do_not_tell_the_event(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver, template="default", name="Моё уведомление")
    uis.play("incoming_answered")
    assert {body["notification_name"] for body in receiver.bodies()} == {"Моё уведомление"}
    assert not any("notification_mnemonic" in body for body in receiver.bodies())


def test_a_macro_the_event_does_not_know_stays(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver, "in_call_session", template='{"who": {{employee_id}}, "x": {{nonsense}}}')
    uis.play("incoming_lost")
    assert receiver.received[0].body == '{"who": {{employee_id}}, "x": {{nonsense}}}'


def test_only_the_macros_of_the_default_template_may_be_known(uis: Client, receiver: Receiver) -> None:
    template = "{{is_transfer}} {{extension_phone_number}} {{direction}} {{virtual_phone_number}}"
    listen(uis, receiver, "call_proceeding", template=template)
    uis.play("incoming_lost")
    uis.control("knobs", {"macro_scope": "template"})
    uis.play("incoming_lost")
    wide, narrow = receiver.received[0].body, receiver.received[-1].body
    assert wide == 'false "101" "in" "74950000001"'
    assert narrow == '{{is_transfer}} {{extension_phone_number}} "in" "74950000001"'


def test_quoting_a_macro_breaks_the_body(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver, "in_call_session", template='{"direction": "{{direction}}"}')
    uis.play("incoming_lost")
    assert receiver.received[0].body == '{"direction": ""in""}'


def test_get_inserts_the_same_literals(uis: Client, receiver: Receiver) -> None:
    template = "e={{notification_mnemonic}}&id={{call_session_id}}&ext={{external_id}}"
    listen(uis, receiver, "in_call_session", method="GET", template=template)
    id = uis.play("incoming_lost")["id"]
    request = receiver.received[0]
    assert (request.method, request.body) == ("GET", "")
    assert request.query == {"e": ['"in_call_session"'], "id": [str(id)], "ext": ["null"]}


def test_the_default_get_of_a_finished_session_is_broken(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver, ["call_session_finished", "talk_finished"], method="GET", template="default")
    uis.play("incoming_answered", employee=501)
    talk, session = receiver.received
    assert "contact_fullname" in talk.query
    assert "employee_full_name" not in session.query  # no "&" before it
    assert session.query["communication_number"][0].startswith("1employee_full_name=")
    assert len(session.query["contact_phone_number"]) == 2


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded"]
)
def test_content_types(uis: Client, receiver: Receiver, content_type: str) -> None:
    uis.control("knobs", {"notify_content_type": content_type})
    listen(uis, receiver, "in_call_session")
    uis.play("incoming_lost")
    assert receiver.received[0].headers["Content-Type"] == content_type
    assert receiver.bodies()[0]["direction"] == "in"


def test_one_notification_may_have_its_own_type_and_secret(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver, "in_call_session", content_type="text/plain", secret="s3")
    uis.play("incoming_lost")
    assert receiver.received[0].headers["Content-Type"] == "text/plain"
    assert receiver.bodies()[0]["secret"] == "s3"
    assert not {"signature", "authorization"} & {name.lower() for name in receiver.received[0].headers}


def test_conditions_are_groups(uis: Client, receiver: Receiver) -> None:
    def one(parameter: str, operator: str, value: Any = None) -> dict[str, Any]:
        return {"parameter": parameter, "operator": operator, "value": value}

    groups = [
        [one("talk_time_duration", ">", 50), one("direction", "=", "in")],
        [one("contact_phone_number", "starts_with", "7911")],
    ]
    listen(uis, receiver, "call_session_finished", conditions=groups)
    uis.play("incoming_answered", talk=60)
    uis.play("incoming_answered", talk=10)
    uis.play("outgoing_answered", talk=60)
    uis.play("outgoing_answered", talk=5, contact="79110001122")
    assert [body["talk_time_duration"] for body in receiver.bodies()] == [60, 5]


def test_the_address_of_every_event_can_be_given_at_the_start(uis: Client, receiver: Receiver) -> None:
    uis.control("knobs", {"notify_url": receiver.url + "/{event}"})
    uis.play("outgoing_busy")
    assert sorted(request.path.strip("/") for request in receiver.received) == sorted(uis.events())


def test_a_notification_can_be_switched_off(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver, "in_call_session", active=False)
    uis.play("incoming_lost")
    assert receiver.received == []


def test_a_lost_sip_line_is_told(uis: Client, receiver: Receiver) -> None:
    listen(uis, receiver, "sip_line_unregister", template="default")
    uis.mutate("lose_sip_line", employee=501)
    uis.advance(0)
    assert receiver.bodies()[0]["sip_line_login"] == "0100001"


# misfortunes


def test_a_delay(uis: Client, receiver: Receiver) -> None:
    uis.control("knobs", {"notify_delay_s": 20})
    listen(uis, receiver, "in_call_session")
    uis.mutate("play_call", kind="incoming_lost")
    uis.advance(19)
    assert receiver.received == []
    uis.advance(2)
    assert receiver.bodies()[0]["notification_time"] == "2026-01-15 10:00:00.000"


def test_duplicates_are_exact(uis: Client, receiver: Receiver) -> None:
    uis.control("knobs", {"notify_duplicates": 1})
    listen(uis, receiver, "in_call_session")
    uis.play("incoming_lost")
    assert len(receiver.received) == 2
    assert receiver.received[0].body == receiver.received[1].body


def test_loss(uis: Client, receiver: Receiver) -> None:
    uis.control("knobs", {"notify_loss": 0.5})
    listen(uis, receiver)
    uis.mutate("load_calls", count=20)
    assert 0.3 < len(receiver.received) / len(uis.events()) < 0.7


def test_disorder(uis: Client, receiver: Receiver) -> None:
    uis.control("knobs", {"notify_disorder": 0.5, "notify_disorder_s": 30})
    listen(uis, receiver)
    uis.mutate("load_calls", count=10, seed=3)
    stamps = [body["notification_time"] for body in receiver.bodies()]
    assert len(stamps) == len(uis.events())
    assert stamps != sorted(stamps)


def test_misfortunes_are_seeded(uis: Client, receiver: Receiver) -> None:
    def run() -> list[str]:
        uis.control("reset")
        uis.control("clock", {"frozen": True, "time": "2026-01-15 10:00:00"})
        uis.control("knobs", {"notify_loss": 0.3, "notify_duplicates": 0.3, "notify_disorder": 0.3})
        receiver.received.clear()
        listen(uis, receiver)
        uis.mutate("load_calls", count=5)
        return [request.body for request in receiver.received]

    assert run() == run()


def test_without_retries_a_failure_is_final(uis: Client, receiver: Receiver) -> None:
    receiver.status = 500
    listen(uis, receiver, "in_call_session")
    uis.play("incoming_lost")
    assert len(receiver.received) == 1
    delivery = uis.control("deliveries", method="GET")[0]
    assert (delivery["status"], delivery["http_status"], delivery["attempts"]) == ("error", 500, 1)


def test_retries(uis: Client, receiver: Receiver) -> None:
    uis.control("knobs", {"notify_retries": 2, "notify_retry_delay_s": 10})
    receiver.status = 500
    listen(uis, receiver, "in_call_session")
    uis.mutate("play_call", kind="incoming_lost")
    uis.advance(0)
    assert len(receiver.received) == 1
    uis.advance(10)
    assert len(receiver.received) == 2
    receiver.status = 200
    uis.advance(10)
    uis.advance(60)
    assert len(receiver.received) == 3
    assert uis.control("deliveries", method="GET")[0]["status"] == "sent"


def test_a_silent_receiver_is_given_up(uis: Client, receiver: Receiver) -> None:
    uis.control("knobs", {"notify_timeout_s": 0.1})
    receiver.delay = 0.5
    listen(uis, receiver, "in_call_session")
    uis.play("incoming_lost")
    assert "TimeoutError" in uis.control("deliveries", method="GET")[0]["error"]


def test_a_receiver_that_is_not_there(uis: Client) -> None:
    uis.control("notifications", {"url": "http://127.0.0.1:9/", "event": "in_call_session"})
    uis.play("incoming_lost")
    assert "ConnectError" in uis.control("deliveries", method="GET")[0]["error"]


def test_with_a_running_clock_they_are_sent_at_once(uis: Client, receiver: Receiver) -> None:
    uis.control("clock", {"frozen": False})
    listen(uis, receiver, "call_proceeding")
    began = time.monotonic()
    uis.mutate("play_call", kind="incoming_lost")
    while not receiver.received:
        assert time.monotonic() - began < 2
        time.sleep(0.01)
    assert receiver.received[0].at - began < 0.5


def test_settling_waits_for_what_is_under_way(uis: Client, receiver: Receiver) -> None:
    uis.control("clock", {"frozen": False})
    receiver.delay = 0.2
    listen(uis, receiver, "in_call_session")
    uis.mutate("play_call", kind="outgoing_busy")
    uis.mutate("play_call", kind="incoming_lost")
    uis.control("state", method="GET")
    uis.control("settle")
    assert uis.control("deliveries", method="GET")[0]["status"] == "sent"


def test_the_delivery_log_shows_what_never_arrived(uis: Client, receiver: Receiver) -> None:
    uis.control("knobs", {"notify_delay_s": 2})
    listen(uis, receiver, "in_call_session", name="Вебхук")
    uis.play("incoming_lost")
    uis.control("knobs", {"notify_loss": 1})
    id = uis.play("incoming_lost")["id"]
    fields = [
        "communication_id",
        "event_type",
        "notification_name",
        "notification_status",
        "notification_channel",
        "notification_delay",
        "notification_message",
        "notification_send_to",
        "notification_error_type",
        "notification_start_date_time",
    ]
    interval = {"date_from": BEGIN, "date_till": END}
    sent, lost = uis.data("get.notifications", **interval, fields=fields)
    assert sent["event_type"]["value_id"] == "in_call_session"
    assert (sent["notification_status"]["value_id"], sent["notification_delay"]) == ("sent", 2)
    assert sent["notification_channel"]["value_id"] == "http_request"
    assert json.loads(sent["notification_message"]) == receiver.bodies()[0]
    assert sent["notification_send_to"] == receiver.url + "/hook"
    assert lost["notification_status"]["value_id"] == "error"
    assert lost["communication_id"] == id
    assert uis.data("get.notifications", **interval) == []

"""A failure during a call costs at most a pop-up: Megaplan gets every call once, and no card stays open."""

import json
import os
import socket
import time
from typing import Any

import pytest

from megaplan_gateway.options import Options
from megaplan_sync.inbox.event_store import UIS_NOTIFICATION

from ..stored_messages import store_message
from .call_world import ANNA, OLGA, OWN_CALL, PETER, STRANGER, CallWorld
from .served import ServedGateway, served
from .waiting import until

pytest_plugins = ["tests.emulators.uis_fixtures"]

GROUP_RINGS = {"employee_answers": None}


def assert_once(call_world: CallWorld, number: int, employee: int) -> None:
    """Assert that Megaplan has the call once, finished, and nothing else."""
    own = call_world.calls()
    assert set(own) == {str(number)}
    assert own[str(number)]["state"] == "finished"
    assert own[str(number)]["toUser"]["id"] == str(employee)
    delivery = call_world.outbox_row(number)
    assert delivery is not None
    assert (delivery["history"], delivery["call_info_id"]) == ("done", str(own[str(number)]["id"]))
    rows = call_world.database.execute("SELECT call_session_id FROM telephony.calls").fetchall()
    assert rows == [(number,)]


def test_the_batch_lane_sends_nothing_for_a_call_shown_live(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    number = call_world.start_call(running_gateway, employee=502, employee_answers=3)
    for seconds in (3, 30, 31):  # the call has ended, the recording is not ready yet
        call_world.advance(running_gateway, seconds)
    sent = call_world.requests("/callInfo")
    assert call_world.push()["history_done"] == 1
    assert call_world.requests("/callInfo") == sent
    assert_once(call_world, number, PETER)


def test_a_gateway_started_during_a_call_takes_over_its_cards(call_world: CallWorld) -> None:
    with served(call_world.account) as first:
        call_world.notify(first)
        number = call_world.start_call(first, **GROUP_RINGS)
        assert len(call_world.screens()) == 1
    call_world.uis.mutate("answer_call", id=number, employee=502)
    call_world.uis.advance(0)  # no gateway receives this notification
    with served(call_world.account) as second:
        call_world.notify(second)
        call_world.wait_until_idle(second)
        assert len(call_world.screens()) == 1
        call_world.advance(second, 1)
        call_world.uis.mutate("hang_up_call", id=number)
        call_world.advance(second, 0)
        assert call_world.screens() == {}
    call_world.push()
    assert_once(call_world, number, PETER)


def test_a_call_that_ended_while_no_gateway_ran_leaves_the_screen_soon(call_world: CallWorld) -> None:
    with served(call_world.account) as first:
        call_world.notify(first)
        ended = call_world.start_call(first, employee=501, employee_answers=1)
        goes_on = call_world.start_call(first, employee=502, employee_answers=1)
        call_world.advance(first, 2)
        assert set(call_world.screens()) == {ANNA, PETER}
    call_world.uis.mutate("hang_up_call", id=ended)
    call_world.uis.control("notifications", method="DELETE")  # UIS gives up sending it
    call_world.uis.advance(1)
    with served(call_world.account) as second:
        until(lambda: call_world.screens() == {PETER: [f"{goes_on} talking"]}, 60)
        call_world.wait_until_idle(second)
    assert call_world.cards()[str(ended)] == "closed"


def test_events_stored_but_not_processed_are_shown_after_a_restart(call_world: CallWorld) -> None:
    now = time.time()
    body = (
        f'{{"notification_mnemonic": "call_proceeding", "notification_timestamp": {int(now)}, '
        f'"call_session_id": {OWN_CALL}, "direction": "in", "employee_id": 502, '
        '"contact_phone_number": "79995550011"}'
    )
    store_message(call_world.database, call_world.account, UIS_NOTIFICATION, body.encode(), None)
    with served(call_world.account) as gateway:
        until(lambda: call_world.screens() == {PETER: [f"{OWN_CALL} calling"]})
        call_world.wait_until_idle(gateway)


def test_while_megaplan_is_down_calls_are_left_to_the_batch_lane(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    call_world.megaplan.control("faults", {"kind": "503", "path": "/callInfo"})
    number = call_world.start_call(running_gateway, **GROUP_RINGS)
    call_world.uis.mutate("answer_call", id=number, employee=502)
    call_world.advance(running_gateway, 5)
    call_world.uis.mutate("hang_up_call", id=number)
    call_world.advance(running_gateway, 0)
    call_world.megaplan.control("faults", method="DELETE")
    assert call_world.calls() == {}
    call_world.push()
    assert_once(call_world, number, PETER)


@pytest.mark.parametrize("kind", ["reset", "500"])
def test_a_card_with_unknown_outcome_is_not_created_twice(
    kind: str, call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    call_world.megaplan.control(
        "faults", {"kind": kind, "path": "/callInfo", "method": "POST", "count": 1, "processed": True}
    )
    number = call_world.start_call(running_gateway, employee=502, employee_answers=3)
    call_world.advance(running_gateway, 3)
    assert f"{number} talking" in call_world.screens()[PETER], "found by its providerId"
    call_world.advance(running_gateway, 90)
    call_world.push()
    assert_once(call_world, number, PETER)


def test_a_card_that_could_not_be_closed_is_closed_later(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    number = call_world.start_call(running_gateway, **GROUP_RINGS)
    assert len(call_world.screens()) == 1
    call_world.megaplan.control("faults", {"kind": "503", "path": "/callInfo"})
    call_world.uis.mutate("answer_call", id=number, employee=503)
    call_world.advance(running_gateway, 0)
    assert len(call_world.screens()) == 1
    call_world.megaplan.control("faults", method="DELETE")
    until(lambda: call_world.screens() == {OLGA: [f"{number} talking"]})


@pytest.mark.parametrize("kind", ["401", "429"])
def test_a_card_whose_end_megaplan_rejects_is_closed_later(
    kind: str, call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    call_world.send_event(running_gateway, "call_proceeding", employee_id=502)
    assert call_world.screens() == {PETER: [f"{OWN_CALL} calling"]}
    call_world.megaplan.control("faults", {"kind": kind, "path": "/callInfo", "retry_after": 1})
    call_world.send_event(running_gateway, "lost_call_session")
    assert call_world.cards() == {str(OWN_CALL): "open"}
    call_world.megaplan.control("faults", method="DELETE")
    until(lambda: call_world.cards() == {str(OWN_CALL): "closed"})
    assert call_world.screens() == {}


def test_a_call_whose_hang_up_was_lost_is_detected_within_minutes(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    call_world.send_event(running_gateway, "call_proceeding", employee_id=501)
    number = call_world.start_call(running_gateway, employee=502, employee_answers=1)
    call_world.advance(running_gateway, 2)
    assert call_world.screens() == {ANNA: [f"{OWN_CALL} calling"], PETER: [f"{number} talking"]}
    call_world.database.execute("UPDATE telephony.events SET occurred_at = occurred_at - interval '6 min'")
    for call in (OWN_CALL, number):
        running_gateway.gateway.popups.schedule(call_world.account, call)
    call_world.wait_until_idle(running_gateway)
    assert call_world.screens() == {PETER: [f"{number} talking"]}, "UIS lists only this call"
    assert call_world.cards()[str(OWN_CALL)] == "closed"


def test_a_hanging_megaplan_does_not_delay_other_accounts(
    call_world: CallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as hanging:
        name = f"127.0.0.1:{hanging.getsockname()[1]}"
        other = json.loads(os.environ["AIRFLOW_CONN_MEGAPLAN_DEFAULT"]) | {
            "host": f"http://{name}",
            "port": None,
        }
        monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(other))
        monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", '["megaplan_default", "other"]')
        call_world.database.execute(
            """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number)
            VALUES (%s, 1, 501, '101')""",
            (name,),
        )
        with served(call_world.account, Options(megaplan_seconds=4)) as gateway:
            for call in range(10):
                body = {**event(1, employee_id=501), "call_session_id": 1 + call}
                path = gateway.path("/uis", account=name)
                assert gateway.client.post(path, json=body).status_code == 200
            gateway.notify(event(1, employee_id=501))
            until(lambda: call_world.screens() == {ANNA: [f"{OWN_CALL} calling"]}, seconds=3)


def test_a_phone_number_in_megaplans_error_is_not_logged(
    call_world: CallWorld, running_gateway: ServedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"meta": {"status": 422, "errors": [{"field": "fromPhone", "message": f"{STRANGER} не подходит"}]}}
    fault = {"kind": "502", "status": 422, "body": json.dumps(body), "path": "/callInfo"}
    call_world.megaplan.control("faults", fault)
    call_world.send_event(running_gateway, "call_proceeding", employee_id=502)
    ours = [record for record in caplog.records if record.name.startswith("megaplan_gateway")]
    assert "pop-up not updated" in [record.getMessage() for record in ours]
    assert [record for record in ours if STRANGER in str(vars(record))] == []
    saved = call_world.database.execute("SELECT last_error FROM telephony.cards").fetchone() or ("",)
    assert STRANGER in saved[0], "the database contains phone numbers anyway"


@pytest.mark.parametrize("retry_after", [1, None])
def test_a_card_that_meets_a_limit_opens_after_a_short_pause(
    retry_after: int | None, call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    fault = {"kind": "429", "path": "/callInfo", "retry_after": retry_after, "count": 2}
    call_world.megaplan.control("faults", fault)
    call_world.send_event(running_gateway, "call_proceeding", employee_id=501)
    assert call_world.screens() == {ANNA: [f"{OWN_CALL} calling"]}
    (blocked,) = call_world.database.execute(
        "SELECT blocked_until > now() FROM megaplan_sync.request_budgets"
    ).fetchone() or (None,)
    assert blocked is (retry_after is None), "batch work waits as long as is usual"


def test_a_card_whose_token_is_refused_opens_with_the_next_event(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    call_world.megaplan.control("faults", {"kind": "401", "path": "/callInfo", "count": 2})
    call_world.send_event(running_gateway, "call_proceeding", employee_id=501)
    assert call_world.screens() == {}
    call_world.send_event(running_gateway, "call_connected", employee_id=501)
    assert call_world.screens() == {ANNA: [f"{OWN_CALL} talking"]}


def test_after_hours_of_downtime_the_end_is_sent_within_minutes(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    call_world.send_event(running_gateway, "call_proceeding", employee_id=502)
    call_world.megaplan.control("faults", {"kind": "503", "path": "/callInfo"})
    call_world.send_event(running_gateway, "lost_call_session")
    call_world.database.execute("UPDATE telephony.cards SET tries = 40")
    running_gateway.gateway.popups.schedule(call_world.account, OWN_CALL)
    call_world.wait_until_idle(running_gateway)
    due = call_world.database.execute(
        "SELECT state, due_at BETWEEN now() + interval '4 min' AND now() + interval '5 min' FROM telephony.cards"
    ).fetchall()
    assert due == [("open", True)]


def test_a_card_that_megaplan_refuses_to_move_is_closed_nevertheless(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    """The employee who answers has just been removed from Megaplan, which rejects every link to him."""
    call_world.database.execute("UPDATE telephony.users SET employee_id = 99 WHERE uis_employee_id = 502")
    number = call_world.start_call(running_gateway, **GROUP_RINGS)
    call_world.uis.mutate("answer_call", id=number, employee=502)
    call_world.advance(running_gateway, 0)
    assert call_world.screens() == {ANNA: [f"{number} calling"]}
    sent = len(call_world.requests("/callInfo"))
    running_gateway.gateway.popups.schedule(call_world.account, number)
    call_world.wait_until_idle(running_gateway)
    assert len(call_world.requests("/callInfo")) == sent, "a rejected change is not repeated"
    call_world.advance(running_gateway, 5)
    call_world.uis.mutate("hang_up_call", id=number)
    call_world.advance(running_gateway, 0)
    assert call_world.screens() == {}
    assert call_world.cards()[str(number)] == "closed"


def test_a_card_is_requested_once_whatever_events_arrive_meanwhile(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    call_world.megaplan.control("faults", {"kind": "slow", "path": "/callInfo", "seconds": 0.5})
    values: dict[str, Any] = {"employee_id": 501}
    for leg in range(5):
        running_gateway.notify(event(leg, **values))
    call_world.wait_until_idle(running_gateway)
    assert call_world.requests("/callInfo") == ["POST /callInfo"]
    assert call_world.screens() == {ANNA: [f"{OWN_CALL} calling"]}


def test_two_concurrent_gateways_create_each_card_once(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    with served(call_world.account) as other:
        for leg in range(6):
            (running_gateway if leg % 2 else other).notify(event(leg, employee_id=501 + leg % 3))
        call_world.wait_until_idle(running_gateway)
        call_world.wait_until_idle(other)
    assert len(call_world.calls()) == 1
    assert len(call_world.screens()) == 1


def test_an_event_that_another_gateway_receives_is_sent_by_the_one_that_has_the_call(
    call_world: CallWorld, running_gateway: ServedGateway
) -> None:
    call_world.send_event(running_gateway, "call_proceeding", employee_id=501)
    with served(call_world.account) as other:
        slow = {"kind": "slow", "path": "/callInfo/", "seconds": 1.5, "count": 1}
        call_world.megaplan.control("faults", slow)
        running_gateway.notify({**event(1, employee_id=501), "notification_mnemonic": "talk_started"})
        until(lambda: len(call_world.requests("/callInfo")) == 2)
        call_world.send_event(other, "call_session_finished", employee_id=501, talk_time_duration=1)
        until(lambda: call_world.cards() == {str(OWN_CALL): "closed"})
        until(lambda: count(call_world, "telephony.live_queue") == 0)
    assert call_world.screens() == {}
    assert len(call_world.requests("/callInfo")) == 3, "nothing is sent twice, nor overtaken"


def count(call_world: CallWorld, table: str) -> int:
    """Return the number of a table's rows."""
    return len(call_world.database.execute(f"SELECT FROM {table}").fetchall())


def event(leg: int, **values: Any) -> dict[str, Any]:
    """Return a current notification of a ringing telephone."""
    return {
        "notification_mnemonic": "call_proceeding",
        "notification_timestamp": int(time.time()),
        "call_session_id": OWN_CALL,
        "direction": "in",
        "contact_phone_number": "79995550011",
        "leg_id": 880_000 + leg,
        **values,
    }

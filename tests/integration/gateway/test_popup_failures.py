"""Whatever fails during a call costs a pop-up at most: Megaplan gets each call once, and no card stays open."""

import json
import os
import socket
import time
from typing import Any

import pytest

from megaplan_gateway.options import Options
from megaplan_sync.inbox.event_store import UIS_NOTIFICATION

from ..stored_messages import store_message
from .call_world import ANNA, OLGA, OWN_CALL, PETER, STRANGER, CallWorld, wait_until
from .served import ServedGateway, served

pytest_plugins = ["tests.emulators.uis_fixtures"]

GROUP_RINGS = {"employee_answers": None}


def assert_once(call_world: CallWorld, number: int, employee: int) -> None:
    """Assert that Megaplan has the call once, finished, and no pop-up counts as one."""
    own = {key: call for key, call in call_world.calls().items() if key == str(number)}
    assert len(own) == 1
    assert own[str(number)]["state"] == "finished"
    assert own[str(number)]["toUser"]["id"] == str(employee)
    ledger = call_world.ledger(number)
    assert ledger is not None
    assert (ledger["history"], ledger["call_info_id"]) == ("done", str(own[str(number)]["id"]))
    rows = call_world.database.execute("SELECT call_session_id FROM telephony.calls").fetchall()
    assert rows == [(number,)], "companions are no calls"


def test_the_batch_lane_has_nothing_left_to_tell_of_a_call_shown_live(
    call_world: CallWorld, at_work: ServedGateway
) -> None:
    number = call_world.begin(at_work, employee=502, employee_answers=3)
    for seconds in (3, 30, 31):  # over, and the recording is not ready yet
        call_world.after(at_work, seconds)
    asked = call_world.requests("/callInfo")
    assert call_world.push()["history_done"] == 1
    assert call_world.requests("/callInfo") == asked
    assert_once(call_world, number, PETER)


def test_a_gateway_that_starts_in_the_middle_of_a_call_goes_on_with_its_cards(call_world: CallWorld) -> None:
    with served(call_world.account) as first:
        call_world.notify(first)
        number = call_world.begin(first, **GROUP_RINGS)
        assert len(call_world.screens()) == 3
    call_world.uis.mutate("answer_call", id=number, employee=502)
    call_world.uis.advance(0)  # nobody is there to hear of it
    with served(call_world.account) as second:
        call_world.notify(second)
        call_world.settle(second)
        assert len(call_world.screens()) == 3
        call_world.after(second, 1)
        call_world.uis.mutate("hang_up_call", id=number)
        call_world.after(second, 0)
        assert call_world.screens() == {}
    call_world.push()
    assert_once(call_world, number, PETER)


def test_what_was_stored_and_not_acted_upon_is_shown_after_a_restart(call_world: CallWorld) -> None:
    now = time.time()
    body = (
        f'{{"notification_mnemonic": "call_proceeding", "notification_timestamp": {int(now)}, '
        f'"call_session_id": {OWN_CALL}, "direction": "in", "employee_id": 502, '
        '"contact_phone_number": "79995550011"}'
    )
    store_message(call_world.database, call_world.account, UIS_NOTIFICATION, body.encode(), None)
    with served(call_world.account) as gateway:
        wait_until(lambda: call_world.screens() == {PETER: [f"{OWN_CALL} calling"]})
        call_world.settle(gateway)


def test_while_megaplan_is_down_everything_is_left_to_the_batch_lane(
    call_world: CallWorld, at_work: ServedGateway
) -> None:
    call_world.megaplan.control("faults", {"kind": "503", "path": "/callInfo"})
    number = call_world.begin(at_work, **GROUP_RINGS)
    call_world.uis.mutate("answer_call", id=number, employee=502)
    call_world.after(at_work, 5)
    call_world.uis.mutate("hang_up_call", id=number)
    call_world.after(at_work, 0)
    call_world.megaplan.control("faults", method="DELETE")
    assert call_world.calls() == {}
    call_world.push()
    assert_once(call_world, number, PETER)


@pytest.mark.parametrize("kind", ["reset", "500"])
def test_a_card_whose_answer_was_lost_is_not_made_twice(
    kind: str, call_world: CallWorld, at_work: ServedGateway
) -> None:
    call_world.megaplan.control(
        "faults", {"kind": kind, "path": "/callInfo", "method": "POST", "count": 1, "processed": True}
    )
    number = call_world.begin(at_work, employee=502, employee_answers=3)
    call_world.after(at_work, 3)
    assert f"{number} talking" in call_world.screens()[PETER], "found by the exchange's own id"
    call_world.after(at_work, 90)
    call_world.push()
    assert_once(call_world, number, PETER)


def test_a_card_that_could_not_be_closed_is_closed_later(
    call_world: CallWorld, at_work: ServedGateway
) -> None:
    number = call_world.begin(at_work, **GROUP_RINGS)
    assert len(call_world.screens()) == 3
    call_world.megaplan.control("faults", {"kind": "503", "path": "/callInfo"})
    call_world.uis.mutate("answer_call", id=number, employee=503)
    call_world.after(at_work, 0)
    assert len(call_world.screens()) == 3
    call_world.megaplan.control("faults", method="DELETE")
    wait_until(lambda: call_world.screens() == {OLGA: [f"{number} talking"]})


@pytest.mark.parametrize("kind", ["401", "429"])
def test_whatever_megaplan_answers_to_the_end_the_card_is_closed_later(
    kind: str, call_world: CallWorld, at_work: ServedGateway
) -> None:
    call_world.tell(at_work, "call_proceeding", employee_id=502)
    assert call_world.screens() == {PETER: [f"{OWN_CALL} calling"]}
    call_world.megaplan.control("faults", {"kind": kind, "path": "/callInfo", "retry_after": 1})
    call_world.tell(at_work, "lost_call_session")
    assert call_world.cards() == {str(OWN_CALL): "open"}
    call_world.megaplan.control("faults", method="DELETE")
    wait_until(lambda: call_world.cards() == {str(OWN_CALL): "closed"})
    assert call_world.screens() == {}


def test_a_call_whose_end_was_lost_is_asked_for_after_minutes(
    call_world: CallWorld, at_work: ServedGateway
) -> None:
    call_world.tell(at_work, "call_proceeding", employee_id=501)
    number = call_world.begin(at_work, employee=502, employee_answers=1)
    call_world.after(at_work, 2)
    assert call_world.screens() == {ANNA: [f"{OWN_CALL} calling"], PETER: [f"{number} talking"]}
    call_world.database.execute("UPDATE telephony.events SET occurred_at = occurred_at - interval '6 min'")
    for call in (OWN_CALL, number):
        at_work.gateway.popups.look(call_world.account, call)
    call_world.settle(at_work)
    assert call_world.screens() == {PETER: [f"{number} talking"]}, "UIS knows only that one still"
    assert call_world.cards()[str(OWN_CALL)] == "closed"


def test_a_megaplan_that_hangs_holds_up_no_other_account(
    call_world: CallWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=100) as deaf:
        name = f"127.0.0.1:{deaf.getsockname()[1]}"
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
            wait_until(lambda: call_world.screens() == {ANNA: [f"{OWN_CALL} calling"]}, seconds=3)


def test_a_number_that_megaplan_repeats_in_its_refusal_is_not_logged(
    call_world: CallWorld, at_work: ServedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    told = {"meta": {"status": 422, "errors": [{"field": "fromPhone", "message": f"{STRANGER} не подходит"}]}}
    fault = {"kind": "502", "status": 422, "body": json.dumps(told), "path": "/callInfo"}
    call_world.megaplan.control("faults", fault)
    call_world.tell(at_work, "call_proceeding", employee_id=502)
    ours = [record for record in caplog.records if record.name.startswith("megaplan_gateway")]
    assert "pop-up not told" in [record.getMessage() for record in ours]
    assert [record for record in ours if STRANGER in str(vars(record))] == []
    kept = call_world.database.execute("SELECT last_error FROM telephony.cards").fetchone() or ("",)
    assert STRANGER in kept[0], "where people look for it, in the database that has the numbers anyway"


@pytest.mark.parametrize(("kind", "count"), [("429", 1), ("401", 2)])
def test_what_megaplan_refused_for_the_moment_is_shown_with_the_next_event(
    kind: str, count: int, call_world: CallWorld, at_work: ServedGateway
) -> None:
    fault = {"kind": kind, "path": "/callInfo", "retry_after": 1, "count": count}
    call_world.megaplan.control("faults", fault)
    call_world.tell(at_work, "call_proceeding", employee_id=501)
    assert call_world.screens() == {}
    call_world.tell(at_work, "call_connected", employee_id=501)
    assert call_world.screens() == {ANNA: [f"{OWN_CALL} talking"]}


def test_a_megaplan_that_was_away_for_hours_hears_of_the_end_within_minutes(
    call_world: CallWorld, at_work: ServedGateway
) -> None:
    call_world.tell(at_work, "call_proceeding", employee_id=502)
    call_world.megaplan.control("faults", {"kind": "503", "path": "/callInfo"})
    call_world.tell(at_work, "lost_call_session")
    call_world.database.execute("UPDATE telephony.cards SET tries = 40")
    at_work.gateway.popups.look(call_world.account, OWN_CALL)
    call_world.settle(at_work)
    due = call_world.database.execute(
        "SELECT state, due_at BETWEEN now() + interval '4 min' AND now() + interval '5 min' FROM telephony.cards"
    ).fetchall()
    assert due == [("open", True)]


def test_a_card_that_megaplan_does_not_move_is_closed_nevertheless(
    call_world: CallWorld, at_work: ServedGateway
) -> None:
    """Who answers has just been removed from Megaplan: it refuses every link to him."""
    call_world.database.execute("UPDATE telephony.users SET employee_id = 99 WHERE uis_employee_id = 502")
    number = call_world.begin(at_work, **GROUP_RINGS)
    call_world.uis.mutate("answer_call", id=number, employee=502)
    call_world.after(at_work, 0)
    assert call_world.screens() == {ANNA: [f"{number} calling"]}
    asked = len(call_world.requests("/callInfo"))
    at_work.gateway.popups.look(call_world.account, number)
    call_world.settle(at_work)
    assert len(call_world.requests("/callInfo")) == asked, "what was refused is not told again and again"
    call_world.after(at_work, 5)
    call_world.uis.mutate("hang_up_call", id=number)
    call_world.after(at_work, 0)
    assert call_world.screens() == {}
    assert call_world.cards()[str(number)] == "closed"


def test_a_card_is_not_asked_for_twice_whatever_is_heard_meanwhile(
    call_world: CallWorld, at_work: ServedGateway
) -> None:
    call_world.megaplan.control("faults", {"kind": "slow", "path": "/callInfo", "seconds": 0.5})
    values: dict[str, Any] = {"employee_id": 501}
    for leg in range(5):
        at_work.notify(event(leg, **values))
    call_world.settle(at_work)
    assert call_world.requests("/callInfo") == ["POST /callInfo"]
    assert call_world.screens() == {ANNA: [f"{OWN_CALL} calling"]}


def test_a_second_gateway_beside_it_makes_no_second_card(
    call_world: CallWorld, at_work: ServedGateway
) -> None:
    with served(call_world.account) as other:
        for leg in range(6):
            (at_work if leg % 2 else other).notify(event(leg, employee_id=501 + leg % 3))
        call_world.settle(at_work)
        call_world.settle(other)
    assert len(call_world.calls()) == 3
    assert len(call_world.screens()) == 3


def test_what_two_gateways_told_in_doubtful_order_is_told_once_more(
    call_world: CallWorld, at_work: ServedGateway
) -> None:
    """As when an old process is still busy while its successor works already."""
    call_world.tell(at_work, "call_proceeding", employee_id=501)
    with served(call_world.account) as successor:
        call_world.megaplan.control(
            "faults", {"kind": "slow", "path": "/callInfo/", "seconds": 1.5, "count": 1}
        )
        at_work.notify({**event(1, employee_id=501), "notification_mnemonic": "talk_started"})
        wait_until(lambda: not at_work.gateway.popups.is_idle)
        call_world.tell(successor, "call_session_finished", employee_id=501, talk_time_duration=1)
        assert call_world.cards() == {str(OWN_CALL): "closed"}
        call_world.settle(at_work)
        wait_until(lambda: call_world.cards() == {str(OWN_CALL): "closed"})
        assert call_world.screens() == {}
        (told,) = call_world.database.execute("SELECT told FROM telephony.cards").fetchone() or (None,)
        assert told == f"in finished {ANNA}"


def event(leg: int, **values: Any) -> dict[str, Any]:
    """Return a notification of a ringing phone, just now."""
    return {
        "notification_mnemonic": "call_proceeding",
        "notification_timestamp": int(time.time()),
        "call_session_id": OWN_CALL,
        "direction": "in",
        "contact_phone_number": "79995550011",
        "leg_id": 880_000 + leg,
        **values,
    }

"""The first stage: Megaplan has every finished call exactly once, whatever fails."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from megaplan_hook.exceptions import MegaplanError
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.push.exceptions import NoTelephonyUsersError

from .push_world import COLLEAGUE, EMPLOYEE, STARTED, STRANGER, UIS_COLLEAGUE, PushWorld

pytest_plugins = ["tests.integration.telephony.push_fixtures"]
HISTORY = "/callInfo/history"


def to_plan(world: PushWorld) -> list[tuple[int]]:
    return world.database.execute(read_sql("select_calls_to_plan"), {"account": world.account}).fetchall()


def employee(number: int = EMPLOYEE) -> dict[str, Any]:
    return {"contentType": "Employee", "id": str(number)}


def link(entity: dict[str, Any] | None) -> dict[str, Any] | None:
    return entity and {"contentType": entity["contentType"], "id": entity["id"]}


def test_a_call_is_planned_once_for_each_change_and_found_by_an_index(world: PushWorld) -> None:
    """Finding the calls to plan took longer with every call of the past: 1.6 s with 300 000."""
    first, internal, second = world.add_call(700), world.add_call(701, is_internal=True), world.add_call(702)
    assert to_plan(world) == [(first,), (second,)]
    world.push()
    assert to_plan(world) == []
    world.change_call(second, talk_seconds=126)
    world.change_call(internal, is_internal=False)
    assert to_plan(world) == [(internal,), (second,)]
    world.push()
    assert to_plan(world) == []
    world.database.execute("SET enable_seqscan = off")
    explained = world.database.execute(
        "EXPLAIN " + read_sql("select_calls_to_plan"), {"account": world.account}
    ).fetchall()
    assert "calls_to_plan" in str(explained)


@pytest.mark.parametrize(
    ("direction", "outcome", "kind"),
    [
        ("in", "answered", "in"),
        ("in", "missed", "miss"),
        ("out", "answered", "out"),
        ("out", "unanswered", "fail"),
    ],
)
def test_a_finished_call_is_delivered_with_its_sides(
    world: PushWorld, direction: str, outcome: str, kind: str
) -> None:
    world.add_call(direction=direction, outcome=outcome)
    counts = world.push()
    call = world.call()
    theirs, ours = ("from", "to") if direction == "in" else ("to", "from")
    assert (call["type"], call["state"]) == (kind, "finished")
    assert (call[f"{theirs}Phone"], call[f"{ours}Phone"]) == (STRANGER, "74950000001")
    assert link(call[f"{ours}User"]) == employee()
    assert call["timeFrom"]["value"] == "2026-09-21T09:15:00+00:00"
    assert call["timeTo"]["value"] == "2026-09-21T09:20:00+00:00"
    assert world.states() == ("done", "none", "none")
    assert world.row()["call_info_id"] == call["id"]
    assert counts["history_done"] == 1
    assert world.megaplan.control("popups") == {}, "finished calls have no pop-ups"


def test_a_second_run_asks_nothing(world: PushWorld) -> None:
    world.add_call()
    world.push()
    world.forget_requests()
    world.push()
    assert world.requests() == []


def test_many_calls_are_one_request(world: PushWorld) -> None:
    for number in range(700, 820):
        world.add_call(number)
    counts = world.push()
    assert len(world.requests(HISTORY)) == 3
    assert len(world.calls()) == counts["history_done"] == 120


def test_calls_in_progress_and_internal_calls_are_not_delivered(world: PushWorld) -> None:
    world.add_call(700, is_finished=False)
    world.add_call(701, is_internal=True)
    world.add_call(702)
    world.push()
    assert [call["providerId"] for call in world.calls()] == ["702"]


def test_the_only_client_with_the_number_is_named(world: PushWorld, sync: Any) -> None:
    client = world.client("8 (900) 123-45-67")
    sync("contacts")
    world.add_call(700, contact_phone="79001234567")
    world.add_call(701, "out", contact_phone="79001234567")
    world.push()
    assert link(world.call(700)["fromUser"]) == client
    assert link(world.call(701)["toUser"]) == client


def test_a_number_is_read_alike_wherever_it_comes_from(world: PushWorld, sync: Any) -> None:
    """A client's number typed with an extension was stored as another number, and ten digits matched nobody."""
    client = world.client("+7 (900) 123-45-67 (2345)")
    sync("contacts")
    for number, told in enumerate(
        ("9001234567", "89001234567", "79001234567...12", "sip:79001234567@pbx"), 700
    ):
        world.add_call(number, contact_phone=told)
    world.add_call(709, contact_phone="790012345672345")
    world.push()
    assert [link(world.call(number)["fromUser"]) for number in range(700, 704)] == [client] * 4
    assert world.call(709)["fromUser"] is None


def test_a_call_of_the_live_lane_is_completed_by_its_number(world: PushWorld) -> None:
    number = world.add_call()
    body = {"contentType": "CallInfo", "providerId": str(number), "type": "in", "state": "calling"}
    world.hook().request("POST", "/callInfo", body=body)
    world.add_live_card(number)
    world.forget_requests()
    world.push()
    assert [entry["path"] for entry in world.requests()] == ["/api/v3/callInfo/provider"]
    assert (world.call()["state"], link(world.call()["toUser"])) == ("finished", employee())
    assert world.states()[0] == "done"


@pytest.mark.parametrize(
    ("state", "path"),
    [("open", "/callInfo/provider"), ("given_up", "/callInfo/provider"), ("closed", "/callInfo/history")],
)
def test_a_pop_up_that_is_still_on_the_screen_is_told_of_the_end(
    world: PushWorld, state: str, path: str
) -> None:
    """Imported calls do not reach the widget; Megaplan has refused the end that the live lane sent."""
    number = world.add_call()
    body = {"contentType": "CallInfo", "providerId": str(number), "type": "in", "state": "calling"}
    made = world.hook().request("POST", "/callInfo", body=body).data["id"]
    world.add_live_card(number, made)
    world.database.execute("UPDATE telephony.cards SET state = %s, call_info_id = %s", (state, made))
    world.database.execute(
        "INSERT INTO telephony.learned (account, topic, value) VALUES (%s, 'history_updates', 'yes')",
        (world.account,),
    )
    world.forget_requests()
    world.push()
    assert [entry["path"] for entry in world.requests()] == [f"/api/v3{path}"]
    assert world.call()["state"] == "finished"


def test_a_call_that_the_live_lane_could_not_create_goes_through_history(world: PushWorld) -> None:
    number = world.add_call()
    world.add_live_card(number)
    world.push_until_quiet()
    assert world.call()["state"] == "finished"


@pytest.mark.parametrize("kind", ["500", "502", "reset", "close", "truncated", "html", "empty", "cut"])
@pytest.mark.parametrize("processed", [True, False], ids=["carried out", "not carried out"])
def test_an_unknown_outcome_creates_no_duplicate_call(world: PushWorld, kind: str, processed: bool) -> None:
    """Even if Megaplan does not recognize a call by the exchange's id: it is asked first."""
    world.knobs(duplicate_provider_id="free")
    for number in range(700, 705):
        world.add_call(number)
    world.fault(kind, path=HISTORY, method="POST", processed=processed)
    error = world.push_with_trouble()
    assert isinstance(error, MegaplanError)
    assert {world.states(number)[0] for number in range(700, 705)} == {"unsure"}
    world.let_time_pass()
    world.push()
    assert sorted(call["providerId"] for call in world.calls()) == ["700", "701", "702", "703", "704"]
    lookups = world.requests("/callInfo/provider", "GET")
    assert len(lookups) == 5
    was_done = processed or kind in {"truncated", "cut"}
    assert len(world.requests(HISTORY)) == (1 if was_done else 2)


@pytest.mark.parametrize("made_live", [False, True], ids=["by history", "made live"])
def test_a_missing_call_may_be_an_empty_answer_instead_of_404(world: PushWorld, made_live: bool) -> None:
    world.knobs(unknown_provider_id="null")
    number = world.add_call()
    if made_live:
        world.add_live_card(number)
    world.fault("502", path=HISTORY, method="POST")
    world.push_until_quiet()
    assert world.call()["state"] == "finished"


def test_asking_megaplan_waits_for_the_read_lag(world: PushWorld) -> None:
    """Megaplan shows a write late: reading too early would create a duplicate."""
    world.lag = 3.0
    world.knobs(read_lag_ms=2500)
    world.add_call()
    world.fault("502", path=HISTORY, processed=True)
    world.push_with_trouble()
    world.forget_requests()
    world.push()
    assert world.requests() == [], "it is too early to ask"
    waits = world.database.execute(
        "SELECT extract(epoch FROM history_due_at - now())::float FROM telephony.call_delivery_states"
    ).fetchone()
    assert waits is not None
    assert 0 < waits[0] <= 3
    world.database.execute("SELECT pg_sleep(%s)", (waits[0] + 0.1,))
    world.push()
    assert len(world.calls()) == 1
    assert world.states()[0] == "done"


def test_429_until_the_timeout_is_not_an_attempt(world: PushWorld) -> None:
    world.add_call()
    world.fault("429", path=HISTORY, count=500)
    assert isinstance(world.push_with_trouble(), MegaplanError)
    assert (world.states()[0], world.row()["history_tries"]) == ("due", 0)
    world.megaplan.control("faults", method="DELETE")
    world.push()
    assert world.states()[0] == "done"


def test_one_bad_call_in_a_batch_fails_alone(world: PushWorld) -> None:
    world.database.execute(
        "UPDATE telephony.users SET employee_id = 4242 WHERE uis_employee_id = %s", (UIS_COLLEAGUE,)
    )
    for number in range(700, 720):
        world.add_call(number, uis_employee_id=UIS_COLLEAGUE if number == 713 else 501)
    world.push()
    assert len(world.calls()) == 19
    assert len(world.requests()) < 30
    assert world.states(713)[0] == "due"
    assert "Megaplan answered 422" in world.row(713)["last_error"]
    world.push_until_quiet()
    assert world.states(713) == ("parked", "none", "none")
    assert "given up after 8 tries" in world.row(713)["last_error"]

    world.database.execute(
        "UPDATE telephony.users SET employee_id = %s WHERE uis_employee_id = 502", (COLLEAGUE,)
    )
    world.push()
    assert world.states(713)[0] == "parked", "not until a person resends it"
    world.resend(713)
    world.push()
    assert link(world.call(713)["toUser"]) == employee(COLLEAGUE)
    assert len(world.calls()) == 20


def test_a_call_that_breaks_megaplan_does_not_stop_the_others(world: PushWorld) -> None:
    """A 5xx caused by one call in the end concerns only that call: batches get smaller with every attempt."""
    for number in range(700, 720):
        world.add_call(number)
    world.fault("500", path=HISTORY, count=2)
    world.push_until_quiet()
    assert len(world.calls()) == 20


def test_a_refused_route_is_raised_and_fails_no_call_at_once(world: PushWorld) -> None:
    for number in (700, 701):
        world.add_call(number)
    world.fault("500", status=403, path=HISTORY, count=1)
    assert "403" in str(world.push_with_trouble())
    assert len(world.requests(HISTORY)) == 1
    world.let_time_pass()
    world.push()
    assert len(world.calls()) == 2


def test_a_changed_call_is_updated_by_its_id(world: PushWorld) -> None:
    number = world.add_call()
    world.push()
    world.change_call(number, event_count=7)
    world.forget_requests()
    world.push()
    assert world.requests() == [], "the delivered data are the same"
    world.change_call(number, uis_employee_id=UIS_COLLEAGUE)
    world.push()
    assert link(world.call()["toUser"]) == employee(COLLEAGUE)
    assert len(world.requests()) == 1


def test_a_call_that_megaplan_has_lost_comes_back(world: PushWorld) -> None:
    number = world.add_call()
    world.push()
    world.megaplan.control("mutate", {"op": "delete_calls", "ids": [world.call()["id"]]})
    world.resend(number)
    world.push_until_quiet()
    assert world.call()["state"] == "finished"


def test_calls_of_an_unmapped_employee_are_not_delivered(world: PushWorld) -> None:
    world.add_call(700, uis_employee_id=509, rung_employees=[509])
    world.add_call(701, finished_at=None, uis_employee_id=509, rung_employees=[509])
    world.push()
    assert world.calls() == []
    assert world.states(700) == ("none", "none", "none"), "its day is over"
    assert world.states(701)[0] == "due", "the next sync may still bring the employee"
    assert "UIS employee 509 is not among the users" in world.row(701)["last_error"]
    world.database.execute(
        """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number)
        VALUES (%s, 1000007, 509, '109')""",
        (world.account,),
    )
    world.push_until_quiet()
    assert [call["providerId"] for call in world.calls()] == ["701"]


def test_a_call_whose_times_cannot_be_true_is_not_told_until_they_can(world: PushWorld) -> None:
    world.add_call(700, finished_at=STARTED - timedelta(seconds=1))
    world.add_call(701, finished_at=STARTED)
    world.add_call(702, started_at=datetime.now(UTC) + timedelta(hours=2), finished_at=None)
    world.add_call(703, outcome="missed", finished_at=STARTED)
    world.push()
    assert [call["providerId"] for call in world.calls()] == ["703"]
    reasons = [world.row(number)["last_error"] for number in (700, 701, 702)]
    assert [world.states(number)[0] for number in (700, 701, 702)] == ["parked"] * 3
    assert "end is before its start" in reasons[0]
    assert "took no time" in reasons[1]
    assert "account_timezone" in reasons[2]
    world.push()
    assert len(world.calls()) == 1
    world.change_call(700, finished_at=STARTED + timedelta(minutes=1))
    world.push()
    assert {call["providerId"] for call in world.calls()} == {"700", "703"}


def test_a_missed_call_is_the_last_known_employees_whose_phone_rang(world: PushWorld) -> None:
    world.add_call(700, outcome="missed", uis_employee_id=509, rung_employees=[501, 502, 509])
    world.add_call(701, outcome="missed", uis_employee_id=None, rung_employees=[])
    world.push()
    assert link(world.call(700)["toUser"]) == employee(COLLEAGUE)
    assert world.call(701)["toUser"] is None, "a call without an employee is delivered without one"


def test_without_any_mapping_calls_wait(world: PushWorld) -> None:
    world.database.execute("DELETE FROM telephony.users")
    world.add_call()
    error = world.push_with_trouble()
    assert isinstance(error, NoTelephonyUsersError)
    assert "megaplan_telephony_sync" in str(error)
    assert world.states()[0] == "due"
    assert world.row()["claimed_by"] is None

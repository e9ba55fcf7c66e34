"""A call that changes after its delivery: Megaplan has the new facts everywhere, however the change was sent."""

from datetime import timedelta
from typing import Any

import pytest

from megaplan_hook.exceptions import MegaplanError
from megaplan_sync.telephony.push.todo_times import when
from tests.emulators.uis_client import Client

from .push_world import ALL_DONE, COLLEAGUE, STARTED, STRANGER, UIS_COLLEAGUE, PushWorld, uis_settings
from .test_push_recordings import play, record

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
MIXED = {**ALL_DONE, "communication_incoming_missed": "planned"}
NO_EFFECT = ["500", "502", "reset", "close", "timeout"]
LATER = {"started_at": STARTED + timedelta(minutes=30), "finished_at": STARTED + timedelta(minutes=40)}


def only_todo(world: PushWorld) -> dict[str, Any]:
    (todo,) = [todo for todo in world.todos() if not todo.get("isDropped")]
    return todo


def status(todo: dict[str, Any]) -> str:
    return str(todo["status"]["masterType"])


def was_missed(world: PushWorld, **settings: Any) -> int:
    number = world.add_call(outcome="missed")
    world.push(**settings)
    return number


def answered(world: PushWorld, number: int, **values: Any) -> None:
    world.change_call(number, outcome="answered", talk_seconds=65, uis_employee_id=UIS_COLLEAGUE, **values)


def test_the_report_turns_a_missed_call_into_an_answered_one(world: PushWorld, uis: Client) -> None:
    """The issue's case: type, employee, recording and communication all follow."""
    world.uis = uis_settings(uis.url)
    played, link = play(uis)
    world.add_call(played, outcome="missed")
    world.push(**MIXED)
    assert (only_todo(world)["name"], status(only_todo(world))) == (
        f"Пропущенный звонок +{STRANGER}",
        "scheduled",
    )
    answered(world, played, records=[record(link)], expects_record=True)
    world.push(**MIXED)
    call, todo = world.call(played), only_todo(world)
    assert (call["type"], call["recordLinks"], call["toUser"]["id"]) == ("in", [link], str(COLLEAGUE))
    assert world.states(played) == ("done", "done", "done")
    assert (todo["name"], status(todo)) == (f"Входящий звонок +{STRANGER}", "success")
    assert todo["responsible"]["id"] == str(COLLEAGUE)
    assert "Разговор 1 мин 5 с, запись: " + link in todo["description"]
    assert world.comments(todo) == [f"Разговор 1 мин 5 с, запись: {link}"]


@pytest.mark.parametrize("processed", [True, False], ids=["carried out", "not carried out"])
@pytest.mark.parametrize("kind", NO_EFFECT)
@pytest.mark.parametrize("updates", ["yes", "no"], ids=["by history", "by id"])
def test_a_correction_with_an_unknown_outcome_arrives(
    world: PushWorld, kind: str, processed: bool, updates: str
) -> None:
    """What stands there from before must not be taken for what was sent."""
    number = world.add_call()
    world.database.execute(
        "INSERT INTO telephony.learned (account, topic, value) VALUES (%s, 'history_updates', %s)",
        (world.account, updates),
    )
    world.push()
    world.change_call(number, **LATER)
    world.fault(kind, path="/callInfo", method="POST", processed=processed)
    assert isinstance(world.push_with_trouble(read_timeout_seconds=1), MegaplanError)
    world.let_time_pass()
    world.forget_requests()
    world.push()
    assert world.call()["timeFrom"]["value"] == "2026-09-21T09:45:00+00:00"
    assert world.states()[0] == "done"
    assert len(world.requests()) <= 2, "a read and a write"


@pytest.mark.parametrize("processed", [True, False], ids=["carried out", "not carried out"])
@pytest.mark.parametrize("kind", NO_EFFECT)
@pytest.mark.parametrize("path", ["/todo", "doAction"])
def test_a_correction_of_a_communication_with_an_unknown_outcome_arrives(
    world: PushWorld, kind: str, processed: bool, path: str
) -> None:
    number = was_missed(world, **MIXED)
    answered(world, number, **LATER)
    world.fault(kind, path="/todo", method="POST", processed=processed, nth=1 if path == "/todo" else 2)
    assert isinstance(world.push_with_trouble(**MIXED, read_timeout_seconds=1), MegaplanError)
    world.push_until_quiet(**MIXED)
    todo = only_todo(world)
    assert (todo["name"], status(todo)) == (f"Входящий звонок +{STRANGER}", "success")
    assert todo["when"]["from"]["value"] == "2026-09-21T09:45:00+00:00"
    assert todo["responsible"]["id"] == str(COLLEAGUE)
    assert world.row()["last_error"] is None, "our own change is not taken for a person's"
    assert len(world.comments(todo)) == 1


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (ALL_DONE, "success"),
        ({**ALL_DONE, "communication_incoming_answered": "planned"}, "scheduled"),
        ({**ALL_DONE, "communication_incoming_answered": "none"}, None),
        ({**ALL_DONE, "communication_incoming_missed": "none"}, "success"),
    ],
    ids=["done", "opened again", "deleted", "created"],
)
def test_the_status_follows_the_type(
    world: PushWorld, settings: dict[str, Any], expected: str | None
) -> None:
    number = was_missed(world, **settings)
    answered(world, number)
    world.push(**settings)
    assert [status(todo) for todo in world.todos() if not todo.get("isDropped")] == (
        [] if expected is None else [expected]
    )
    world.change_call(number, outcome="missed", talk_seconds=0, uis_employee_id=501)
    world.push(**settings)
    left = [todo for todo in world.todos() if not todo.get("isDropped")]
    if settings["communication_incoming_missed"] == "none":
        assert left == []
    else:
        assert [(todo["name"], status(todo)) for todo in left] == [
            (f"Пропущенный звонок +{STRANGER}", "success")
        ]


def test_a_correction_costs_a_read_and_a_write(world: PushWorld) -> None:
    number = world.add_call()
    world.push(**ALL_DONE)
    world.change_call(number, uis_employee_id=UIS_COLLEAGUE)
    world.forget_requests()
    world.push(**ALL_DONE)
    assert [(one["method"], one["path"].split("/")[3]) for one in world.requests()] == [
        ("POST", "callInfo"),
        ("GET", "todo"),
        ("POST", "todo"),
    ]
    assert only_todo(world)["responsible"]["id"] == str(COLLEAGUE)


def test_the_client_follows_the_number(world: PushWorld) -> None:
    former, right = world.client("+79001234567"), world.client("+79007654321")
    number = world.add_call(contact_phone="79001234567")
    world.push(**ALL_DONE)
    assert former["id"] in {each["id"] for each in only_todo(world)["relations"]}
    world.change_call(number, contact_phone="79007654321")
    world.push(**ALL_DONE)
    related = {each["id"] for each in only_todo(world)["relations"]}
    assert right["id"] in related
    assert former["id"] not in related


def test_times_in_the_description_follow_where_the_account_accepts_no_others(world: PushWorld) -> None:
    world.knobs(todo_when_accept="reject_all")
    number = world.add_call()
    world.push(**ALL_DONE)
    world.change_call(number, **LATER)
    world.push(**ALL_DONE)
    assert "Начало: 21.09.2026 12:45:00" in only_todo(world)["description"]


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Перезвонить завтра"},
        {"description": "Говорили о скидке<br>Звонок UIS 700100200"},
        {"responsible": {"contentType": "Employee", "id": "1000009"}},
        {"description": "Маркер удалён"},
        when(STARTED + timedelta(days=1), 30, "kp10"),
        "finished",
    ],
    ids=["name", "description", "responsible", "without the marker", "time", "finished"],
)
def test_a_communication_that_a_person_has_changed_only_gets_a_comment(
    world: PushWorld, change: dict[str, Any] | str
) -> None:
    number = was_missed(world, **MIXED)
    hook, todo_id = world.hook(), only_todo(world)["id"]
    if isinstance(change, str):
        hook.finish_todo(todo_id, result_text="Перезвонил")
    else:
        hook.update_todo(todo_id, change)
    before, comments = only_todo(world), len(world.comments(only_todo(world)))
    answered(world, number)
    world.push(**MIXED)
    after = only_todo(world)
    assert {name: after[name] for name in ("name", "description", "when")} == {
        name: before[name] for name in ("name", "description", "when")
    }
    assert after["responsible"]["id"] == before["responsible"]["id"]
    assert status(after) == status(before)
    assert f"Уточнение по звонку: Входящий звонок +{STRANGER}. Разговор 1 мин 5 с" in world.comments(after)
    assert len(world.comments(after)) == comments + 1
    assert world.states()[2] == "done"
    assert "was changed in Megaplan" in world.row()["last_error"]
    world.change_call(number, event_count=9)
    world.push(**MIXED)
    assert len(world.comments(after)) == comments + 1, "once for each change"


def test_a_client_added_by_a_person_is_kept_and_the_rest_follows(world: PushWorld) -> None:
    number = was_missed(world, **MIXED)
    client = world.client("+70000000000")
    hook, todo = world.hook(), only_todo(world)
    hook.request("POST", f"/todo/{todo['id']}/linkWith", body=client)
    answered(world, number)
    world.push(**MIXED)
    todo = only_todo(world)
    assert todo["name"] == f"Входящий звонок +{STRANGER}"
    assert client["id"] in {each["id"] for each in todo["relations"]}


@pytest.mark.parametrize("kind", ["planned", "done"])
def test_megaplans_own_communication_follows_too(world: PushWorld, kind: str) -> None:
    world.knobs(call_makes_todo=True)
    settings = {
        "megaplan_creates_todo": True,
        "communication_incoming_missed": "planned",
        "communication_incoming_answered": kind,
    }
    number = was_missed(world, **settings)
    answered(world, number, **LATER)
    world.push(**settings)
    todo = only_todo(world)
    assert todo["name"] == f"Входящий звонок +{STRANGER}"
    assert status(todo) == ("scheduled" if kind == "planned" else "success")
    assert todo["when"]["to"]["value"] == "2026-09-21T11:45:00+00:00"
    assert todo["responsible"]["id"] == str(COLLEAGUE)
    assert "Разговор 1 мин 5 с" in todo["description"]
    assert world.row()["last_error"] is None


def test_a_communication_from_before_the_upgrade_follows_unless_its_name_was_changed(
    world: PushWorld,
) -> None:
    """Its content was not recorded then."""
    numbers = [world.add_call(number, outcome="missed") for number in (700, 701)]
    world.push(**MIXED)
    renamed = world.row(701)["todo_id"]
    world.hook().update_todo(renamed, {"name": "Важно"})
    world.database.execute("UPDATE telephony.call_deliveries SET sent = NULL WHERE stage = 'communication'")
    for number in numbers:
        answered(world, number)
    world.push(**MIXED)
    names = {todo["id"]: todo["name"] for todo in world.todos()}
    assert names == {world.row(700)["todo_id"]: f"Входящий звонок +{STRANGER}", renamed: "Важно"}


def test_a_lost_call_object_is_created_again_with_its_recording(world: PushWorld, uis: Client) -> None:
    world.uis = uis_settings(uis.url)
    number, link = play(uis)
    world.add_call(number, records=[record(link)], expects_record=True)
    world.push(**ALL_DONE)
    world.megaplan.control("mutate", {"op": "delete_calls", "ids": [world.call(number)["id"]]})
    world.change_call(number, uis_employee_id=UIS_COLLEAGUE)
    world.push_until_quiet(**ALL_DONE)
    assert world.call(number)["recordLinks"] == [link]
    assert world.call(number)["id"] in {each["id"] for each in only_todo(world)["relations"]}

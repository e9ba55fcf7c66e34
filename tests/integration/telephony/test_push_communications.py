"""The third stage: exactly one communication for each call, of the wanted kind, in the right place."""

import json
from typing import Any

import pytest

from megaplan_hook.exceptions import MegaplanError

from .push_world import ALL_DONE, EMPLOYEE, STRANGER, PushWorld

pytest_plugins = ["tests.integration.telephony.push_fixtures"]
RECORD = "https://app.uiscom.ru/system/media/talk/700100200/abc/"
SETTING = {
    ("in", "answered"): "communication_incoming_answered",
    ("in", "missed"): "communication_incoming_missed",
    ("out", "answered"): "communication_outgoing_answered",
    ("out", "unanswered"): "communication_outgoing_unanswered",
}
AMBIGUOUS = ["500", "502", "reset", "close", "truncated", "html", "empty", "cut"]


def relations(todo: dict[str, Any]) -> list[str]:
    return sorted(each["contentType"] for each in todo["relations"])


def when(todo: dict[str, Any]) -> tuple[str, str] | None:
    interval = todo["when"]
    return interval and (interval["from"]["value"], interval["to"]["value"])


@pytest.fixture
def only_todo(world: PushWorld) -> Any:
    def get() -> dict[str, Any]:
        (todo,) = world.todos()
        return todo

    return get


@pytest.mark.parametrize("kind", ["planned", "done"])
@pytest.mark.parametrize(("direction", "outcome"), SETTING)
def test_each_type_of_call_creates_what_its_setting_says(
    world: PushWorld, only_todo: Any, direction: str, outcome: str, kind: str
) -> None:
    world.add_call(direction=direction, outcome=outcome)
    world.push(**{SETTING[direction, outcome]: kind})
    todo = only_todo()
    assert todo["category"]["masterType"] == "call", "so it is shown under Клиенты → Коммуникации"
    assert todo["status"]["masterType"] == ("scheduled" if kind == "planned" else "success")
    assert when(todo) == ("2026-09-21T09:15:00+00:00", "2026-09-21T11:15:00+00:00")
    assert todo["responsible"]["id"] == str(EMPLOYEE)
    assert f"+{STRANGER}" in todo["name"]
    assert world.states() == ("done", "none", "done")
    assert world.row()["todo_id"] == todo["id"]
    spoken = "Разговор 2 мин 5 с" if outcome == "answered" else ""
    assert spoken in todo["description"]
    assert len(world.comments(todo)) == (1 if kind == "done" else 0)


@pytest.mark.parametrize(
    "odd",
    [
        {
            "relations": {"0": None},
            "responsible": "Иванов",
            "when": "сегодня",
            "description": 7,
            "name": None,
        },
        {
            "relations": [None, "x", {"id": "1"}],
            "responsible": {"id": None},
            "status": "done",
            "category": [],
        },
        {"when": {"from": {"value": "2026-02-30T10:00:00+00:00"}, "to": 5}, "relations": None},
    ],
)
def test_an_odd_communication_stops_no_other_call(world: PushWorld, odd: dict[str, Any]) -> None:
    """A null among relations was a KeyError that ended every push of the account."""
    world.add_call(700)
    world.push(**ALL_DONE)
    (todo,) = world.todos()
    body = json.dumps({"meta": {"status": 200, "errors": []}, "data": {**todo, **odd}})
    fault = {"kind": "502", "status": 200, "method": "GET", "body": body}
    world.megaplan.control("faults", {**fault, "path": f"/todo/{todo['id']}", "exact": True})
    world.database.execute(
        "UPDATE telephony.call_deliveries SET state = 'due', sent = '[null]' WHERE stage = 'communication'"
    )
    world.add_call(701)
    world.push(**ALL_DONE)
    assert world.states(701) == ("done", "none", "done")
    assert world.states(700)[2] == "done"


def test_types_without_a_setting_create_none(world: PushWorld) -> None:
    for number, (direction, outcome) in enumerate(SETTING, 700):
        world.add_call(number, direction, outcome)
    world.push(communication_incoming_missed="planned")
    assert [todo["name"] for todo in world.todos()] == [f"Пропущенный звонок +{STRANGER}"]
    assert world.states(700)[2] == "none"


def test_the_length_is_a_setting(world: PushWorld, only_todo: Any) -> None:
    world.add_call()
    world.push(**ALL_DONE, communication_minutes=15)
    assert when(only_todo()) == ("2026-09-21T09:15:00+00:00", "2026-09-21T09:30:00+00:00")


def test_the_result_has_duration_and_recording(world: PushWorld, only_todo: Any) -> None:
    world.add_call()
    world.push()
    world.database.execute(
        """UPDATE telephony.call_deliveries SET state = 'done', sent = to_jsonb(%s::text[])
        WHERE stage = 'recording'""",
        ([RECORD],),
    )
    world.database.execute("UPDATE telephony.call_deliveries SET state = 'due' WHERE stage = 'communication'")
    world.push(**ALL_DONE)
    assert world.comments(only_todo()) == [f"Разговор 2 мин 5 с, запись: {RECORD}"]


# -- relations


def test_the_client_known_from_the_raw_tables_costs_no_request(
    world: PushWorld, sync: Any, only_todo: Any
) -> None:
    client = world.client("8 (900) 123-45-67")
    sync("contacts")
    world.add_call(contact_phone="79001234567")
    world.forget_requests()
    world.push(**ALL_DONE)
    assert relations(only_todo()) == ["CallInfo", "ContractorHuman"]
    assert client["id"] in {each["id"] for each in only_todo()["relations"]}
    assert world.requests("/callRoute") == []


def test_a_client_missing_from_the_raw_tables_is_requested_once(world: PushWorld) -> None:
    client = world.client("+7 900 123-45-67")
    for number in (700, 701, 702):
        world.add_call(number, contact_phone="79001234567")
    world.push(**ALL_DONE)
    todos = world.todos()
    assert len(todos) == 3
    assert all(client["id"] in {each["id"] for each in todo["relations"]} for todo in todos)
    assert len(world.requests("/callRoute")) == 1


def test_without_a_client_it_belongs_to_the_call(world: PushWorld, only_todo: Any) -> None:
    world.add_call(contact_phone=None)
    world.push(**ALL_DONE)
    assert [(each["contentType"], each["id"]) for each in only_todo()["relations"]] == [
        ("CallInfo", world.call()["id"])
    ]


def test_of_several_clients_the_employees_own_comes_first(
    world: PushWorld, sync: Any, only_todo: Any
) -> None:
    world.client("+79001234567")
    own = world.client("+79001234567", responsibles=[{"contentType": "Employee", "id": str(EMPLOYEE)}])
    sync("contacts")
    world.add_call(contact_phone="79001234567")
    world.push(**ALL_DONE)
    assert own["id"] in {each["id"] for each in only_todo()["relations"]}


# -- time formats


@pytest.mark.parametrize(
    ("accepted", "learned", "refused"),
    [
        ("kp10,iso,spaced", "kp10", 0),
        ("iso", "iso_offset", 1),
        ("spaced", "spaced", 2),
        ("reject_all", "omit", 3),
    ],
)
def test_the_time_format_that_the_account_accepts_is_remembered(
    world: PushWorld, accepted: str, learned: str, refused: int
) -> None:
    world.knobs(todo_when_accept=accepted)
    world.add_call(700)
    world.push(**ALL_DONE)
    assert [entry["status"] for entry in world.requests("/todo", "POST")][:-1] == [422] * refused + [200]
    assert world.database.execute(
        "SELECT value FROM telephony.learned WHERE topic = 'todo_when'"
    ).fetchone() == (learned,)
    (todo,) = world.todos()
    assert (when(todo) is None) is (learned == "omit")
    assert ("Начало: 21.09.2026 12:15:00" in todo["description"]) is (learned == "omit")
    world.forget_requests()
    world.add_call(701)
    world.push(**ALL_DONE)
    assert [entry["status"] for entry in world.requests("/todo", "POST")] == [200, 200]


def test_an_account_that_accepts_another_format_now_is_tried_again(world: PushWorld) -> None:
    world.add_call(700)
    world.push(**ALL_DONE)
    world.knobs(todo_when_accept="spaced")
    world.add_call(701)
    world.push(**ALL_DONE)
    assert len(world.todos()) == 2
    assert world.row(701)["communication_tries"] == 1, "formats are not attempts"


# -- exactly one


@pytest.mark.parametrize("path", ["/todo", "doAction"], ids=["made", "finished"])
@pytest.mark.parametrize("kind", AMBIGUOUS)
@pytest.mark.parametrize("processed", [True, False], ids=["carried out", "not carried out"])
def test_an_unknown_outcome_creates_no_duplicate_communication(
    world: PushWorld, only_todo: Any, path: str, kind: str, processed: bool
) -> None:
    world.add_call()
    exact = {"exact": True} if path == "/todo" else {}
    nth = {} if path == "/todo" else {"nth": 2}
    world.fault(kind, path="/todo", method="POST", processed=processed, **exact, **nth)
    assert isinstance(world.push_with_trouble(**ALL_DONE), MegaplanError)
    assert world.states()[2] == "unsure"
    world.push_until_quiet(**ALL_DONE)
    todo = only_todo()
    assert (todo["status"]["masterType"], todo["category"]["masterType"]) == ("success", "call")
    assert len(world.comments(todo)) == 1, "there is one comment with the result"


def test_communications_entered_by_people_are_not_taken_for_ours(world: PushWorld) -> None:
    """An employee may have created a communication for the call in Megaplan."""
    world.add_call()
    world.push()
    call = {"contentType": "CallInfo", "id": world.call()["id"]}
    category = {"contentType": "TodoCategory", "id": "1"}
    body = {
        "name": "Перезвонить",
        "category": category,
        "relations": [call],
        "description": "Звонок UIS 7001002003",
    }
    world.hook().create_todo(body)
    world.resend(700100200)
    world.push(**ALL_DONE)
    assert sorted(todo["name"] for todo in world.todos()) == [f"Входящий звонок +{STRANGER}", "Перезвонить"]


def test_resending_finds_the_existing_communication(world: PushWorld, only_todo: Any) -> None:
    number = world.add_call()
    world.push(**ALL_DONE)
    world.database.execute(
        "UPDATE telephony.call_deliveries SET result_id = NULL WHERE stage = 'communication'"
    )
    world.resend(number)
    world.push(**ALL_DONE)
    assert world.row()["todo_id"] == only_todo()["id"]
    assert world.states()[2] == "done"


def test_a_communication_deleted_by_people_stays_deleted(world: PushWorld) -> None:
    number = world.add_call()
    world.push(**ALL_DONE)
    hook = world.hook()
    hook.request("DELETE", f"/todo/{world.row()['todo_id']}")
    world.change_call(number, uis_employee_id=502)
    world.push_until_quiet(**ALL_DONE)
    assert len(world.requests("/todo", "POST")) == 2


def test_a_refused_communication_fails_in_the_end_and_can_be_resent(world: PushWorld, only_todo: Any) -> None:
    number = world.add_call()
    world.fault("500", status=422, path="/todo", method="POST", count=100)
    world.push_until_quiet(**ALL_DONE)
    assert world.states() == ("done", "none", "parked")
    assert "given up after 8 tries: Megaplan answered 422" in world.row()["last_error"]
    world.megaplan.control("faults", method="DELETE")
    world.push(**ALL_DONE)
    assert world.todos() == []
    assert world.resend() == {number}
    world.push(**ALL_DONE)
    assert only_todo()["status"]["masterType"] == "success"


# -- if Megaplan creates it


@pytest.mark.parametrize("kind", ["planned", "done"])
def test_megaplans_own_is_completed_and_no_other_created(world: PushWorld, only_todo: Any, kind: str) -> None:
    world.knobs(call_makes_todo=True)
    client = world.client("+79001234567")
    world.add_call(contact_phone="79001234567")
    world.push(megaplan_creates_todo=True, communication_incoming_answered=kind)
    todo = only_todo()
    assert when(todo) == ("2026-09-21T09:15:00+00:00", "2026-09-21T11:15:00+00:00")
    assert todo["status"]["masterType"] == ("scheduled" if kind == "planned" else "success")
    assert client["id"] in {each["id"] for each in todo["relations"]}
    assert "Звонок UIS 700100200" in todo["description"]
    assert world.requests("/todo", "POST")[0]["path"] != "/api/v3/todo"


def test_megaplans_own_is_left_alone_where_none_is_wanted(world: PushWorld, only_todo: Any) -> None:
    world.knobs(call_makes_todo=True)
    world.add_call()
    world.push(megaplan_creates_todo=True)
    assert "Звонок UIS" not in only_todo()["description"]
    assert world.states()[2] == "none"


@pytest.mark.parametrize("kind", AMBIGUOUS)
def test_completing_megaplans_own_survives_unknown_outcomes(
    world: PushWorld, only_todo: Any, kind: str
) -> None:
    world.knobs(call_makes_todo=True)
    world.add_call()
    world.fault(kind, path="/todo", method="POST", processed=True, nth=1)
    world.fault(kind, path="/todo", method="POST", processed=True, nth=2)
    world.push_until_quiet(megaplan_creates_todo=True, **ALL_DONE)
    assert only_todo()["status"]["masterType"] == "success"
    assert len(world.comments(only_todo())) == 1


def test_a_missing_communication_of_megaplan_is_reported(world: PushWorld) -> None:
    world.add_call()
    world.push_until_quiet(megaplan_creates_todo=True, **ALL_DONE)
    assert world.states()[2] == "parked"
    assert "megaplan_creates_todo is on" in world.row()["last_error"]
    assert world.todos() == []


def test_megaplans_own_is_searched_after_the_read_lag(world: PushWorld, only_todo: Any) -> None:
    world.lag = 2.0
    world.knobs(call_makes_todo=True, read_lag_ms=1500)
    world.add_call()
    world.push(megaplan_creates_todo=True, **ALL_DONE)
    assert world.states()[2] == "due"
    assert world.requests(f"/callInfo/{world.row()['call_info_id']}/todos") == []
    world.database.execute("SELECT pg_sleep(2.2)")
    world.push(megaplan_creates_todo=True, **ALL_DONE)
    assert only_todo()["status"]["masterType"] == "success"

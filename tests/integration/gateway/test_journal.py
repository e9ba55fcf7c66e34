"""After a group call, Megaplan's journal has it once, with the right talker, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from .call_world import ANNA, OLGA, PETER, STRANGER, CallWorld
from .served import ServedGateway, served, set_connections

pytest_plugins = ["tests.emulators.uis_fixtures"]
COMMUNICATIONS = {"communication_incoming_answered": "done", "communication_incoming_missed": "planned"}


def answered(world: CallWorld, gateway: ServedGateway, number: int) -> None:
    world.advance(gateway, 5)
    world.uis.mutate("answer_call", id=number, employee=502)
    world.advance(gateway, 20)
    world.uis.mutate("hang_up_call", id=number)


def missed(world: CallWorld, gateway: ServedGateway, number: int) -> None:
    world.advance(gateway, 15)
    world.uis.mutate("hang_up_call", id=number)


def transferred(world: CallWorld, gateway: ServedGateway, number: int) -> None:
    world.advance(gateway, 2)
    world.uis.mutate("answer_call", id=number, employee=501)
    world.advance(gateway, 10)
    world.uis.mutate("transfer_call", id=number, to=503, answers=3)
    world.advance(gateway, 20)
    world.uis.mutate("hang_up_call", id=number)


def refused(world: CallWorld, gateway: ServedGateway, number: int) -> None:
    """The transfer is not answered, so the call stays the first one's."""
    world.advance(gateway, 2)
    world.uis.mutate("answer_call", id=number, employee=501)
    world.advance(gateway, 10)
    world.uis.mutate("transfer_call", id=number, to=503, answers=None)
    world.advance(gateway, 5)
    world.uis.mutate("hang_up_call", id=number)


COURSES: dict[str, tuple[Callable[..., None], str, int]] = {
    "answered": (answered, "in", PETER),
    "missed": (missed, "miss", OLGA),
    "transferred": (transferred, "in", OLGA),
    "transfer refused": (refused, "in", ANNA),
}


@pytest.mark.parametrize("creates_todo", [False, True], ids=["ours", "megaplans own"])
@pytest.mark.parametrize("course", COURSES)
def test_a_group_call_is_in_the_journal_once(
    course: str,
    creates_todo: bool,
    call_world: CallWorld,
    monkeypatch: pytest.MonkeyPatch,
    connect: Callable[..., str],
) -> None:
    happens, kind, talker = COURSES[course]
    world = call_world
    settings: dict[str, Any] = {
        **COMMUNICATIONS,
        "megaplan_creates_todo": creates_todo,
        "vendor_quirks": {"read_lag_seconds": 0},
    }
    set_connections(monkeypatch, world.database_uri, connect, world.uis.url, **settings)
    before = {todo["id"] for todo in world.megaplan.control("state?entity=todos")}
    world.megaplan.control("knobs", {"call_makes_todo": creates_todo})
    try:
        with served(world.account) as gateway:
            world.notify(gateway)
            number = world.start_call(gateway, employee_answers=None)
            happens(world, gateway, number)
            world.advance(gateway, 60)
            for _ in range(3):
                world.push()
    finally:
        world.megaplan.control("knobs", {"call_makes_todo": False})
    (call,) = world.calls().values()
    assert (call["providerId"], call["type"], call["state"]) == (str(number), kind, "finished")
    assert call["toUser"]["id"] == str(talker)
    todos = [todo for todo in world.megaplan.control("state?entity=todos") if todo["id"] not in before]
    (todo,) = todos
    title = {"in": "Входящий звонок", "miss": "Пропущенный звонок"}[kind]
    assert todo["name"] == f"{title} +{STRANGER}"
    assert todo["status"]["masterType"] == {"in": "success", "miss": "scheduled"}[kind]
    assert todo["responsible"]["id"] == str(talker)
    related = {each["id"] for each in todo["relations"] if each["contentType"] == "CallInfo"}
    assert related == {str(call["id"])}
    assert world.screens() == {}

"""Moves from stage to stage, read out of Megaplan's two histories."""

from datetime import UTC, datetime
from typing import Any

import pytest

from megaplan_sync.raw.canonical import Entity
from megaplan_sync.raw.history.stage_histories import (
    Deal,
    Stage,
    StageMove,
    Stages,
    moves_of_change_history,
    moves_of_status_history,
)

STAGES = Stages(
    [
        Stage(51, 5, "Новая"),
        Stage(52, 5, "Счёт"),
        Stage(53, 5, "Оплачена"),
        Stage(61, 6, "Новая"),
        Stage(62, 6, "Отгрузка"),
        Stage(71, 7, "Дважды"),
        Stage(72, 8, "Дважды"),
    ]
)


def at(minute: int) -> datetime:
    return datetime(2026, 9, 21, 9, minute, tzinfo=UTC)


def time(minute: int) -> Entity:
    return {"contentType": "DateTime", "value": f"2026-09-21T09:{minute:02}:00+00:00"}


def state(number: int) -> Entity:
    return {"contentType": "ProgramState", "id": str(number)}


DEAL = Deal(7, 5, 53, at(0))
ANNA: Entity = {"contentType": "Employee", "id": "1000004", "name": "Анна"}
CLIENT: Entity = {"contentType": "ContractorHuman", "id": "1000900"}


def status(
    number: int, before: Any, after: Any, minute: int | None, user: Any = ANNA, since: int | None = None
) -> Entity:
    return {
        "contentType": "DealStatusHistory",
        "id": str(number),
        "fromStatus": before,
        "toStatus": after,
        "fromStatusUpdated": None if since is None else time(since),
        "toStatusUpdated": None if minute is None else time(minute),
        "fromStatusUser": CLIENT,
        "toStatusUser": user,
    }


def changeset(number: int, minute: int, *changes: Entity, author: Any = ANNA, **further: Any) -> Entity:
    return {
        "contentType": "Changeset",
        "id": str(number),
        "timeCreated": time(minute),
        "changes": list(changes),
        "author": author,
        **further,
    }


def change(before: Any, after: Any, field: str = "state", **further: Any) -> Entity:
    return {"contentType": "FieldChange", "field": field, "oldValue": before, "newValue": after, **further}


EXPECTED = [
    StageMove(at(0), None, None, 5, 51, 1000004),
    StageMove(at(10), 5, 51, 5, 52, 1000004),
    StageMove(at(20), 5, 52, 5, 53, None),
]


def test_status_history_in_whatever_order_it_comes() -> None:
    in_full = {**state(52), "name": "Счёт", "type": "active"}
    entries = [
        status(1, None, state(51), 0),
        status(2, state(51), state(52), 10),
        status(3, in_full, state(53), 20, CLIENT),
    ]
    for order in (entries, entries[::-1], [entries[1], entries[2], entries[0]]):
        history = moves_of_status_history(order, DEAL, STAGES)
        assert (history.moves, history.unreadable) == (EXPECTED, 0)


def test_a_status_history_that_begins_with_a_move_tells_the_stage_before_it() -> None:
    entries = [status(2, state(51), state(52), 10, since=1), status(3, state(52), state(53), 20, since=10)]
    first, *others = moves_of_status_history(entries, DEAL, STAGES).moves
    assert first == StageMove(at(1), None, None, 5, 51, None), "a client is no employee"
    assert [move.to_state_id for move in others] == [52, 53]
    entries = [status(2, state(51), state(52), 10)]
    assert moves_of_status_history(entries, DEAL, STAGES).moves[0].moved_at == DEAL.created_at
    unknown_birth = DEAL._replace(created_at=None)
    assert [move.to_state_id for move in moves_of_status_history(entries, unknown_birth, STAGES).moves] == [
        52
    ]


def test_moves_of_one_second_are_in_the_order_of_their_ids() -> None:
    entries = [
        status(12, state(52), state(53), 5),
        status(2, None, state(51), 5),
        status(9, state(51), state(52), 5),
    ]
    history = moves_of_status_history(entries, DEAL, STAGES)
    assert [move.to_state_id for move in history.moves] == [51, 52, 53]


@pytest.mark.parametrize(
    "entry",
    [
        status(9, state(51), None, 15),
        status(9, state(51), state(52), None),
        status(9, state(51), {"contentType": "ProgramState", "name": "Такой нет"}, 15),
        {"contentType": "DealStatusHistory", "id": "9"},
    ],
    ids=["no stage", "no time", "unknown name", "bare link"],
)
def test_what_cannot_be_read_is_counted(entry: Entity) -> None:
    entries = [status(1, None, state(51), 0), entry, status(3, state(52), state(53), 20)]
    history = moves_of_status_history(entries, DEAL, STAGES)
    assert history.unreadable == 1
    assert [move.to_state_id for move in history.moves] == [51, 53]


def test_nothing_told() -> None:
    assert moves_of_status_history([], DEAL, STAGES).moves == []
    created = changeset(1, 0, type="create")
    renamed = changeset(2, 5, change("Сделка", "Сделка 2", "name"))
    assert moves_of_change_history([renamed, created], DEAL, STAGES).moves == []
    assert moves_of_change_history([], DEAL, STAGES).moves == []


def test_change_history_between_whatever_else_stands_there() -> None:
    entries = [
        {"contentType": "Comment", "id": "900", "content": "state", "timeCreated": time(21)},
        changeset(4, 20, change("a", "b", "name"), change(state(52), state(53)), author=CLIENT),
        {"contentType": "TriggerLogSet", "id": "77", "changes": None},
        changeset(3, 10, change(state(51), state(52), author=ANNA), author=CLIENT),
        changeset(2, 5, change(None, ["x"], "auditors")),
        {"contentType": "BasedOnHistory", "id": "5"},
        changeset(1, 0, type="create"),
    ]
    history = moves_of_change_history(entries, DEAL, STAGES)
    assert (history.moves, history.unreadable) == (EXPECTED, 0)


def test_a_change_has_its_own_time_or_that_of_its_set() -> None:
    own = changeset(3, 30, change(state(51), state(52), timeCreated=time(10)))
    alone = {**change(state(52), state(53), timeCreated=time(20)), "id": "4"}
    history = moves_of_change_history([own, alone], DEAL, STAGES)
    assert [move.moved_at for move in history.moves] == [at(0), at(10), at(20)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (state(52), 52),
        ({**state(52), "name": "Новая"}, 52),
        ({"contentType": "ProgramState", "id": 52}, 52),
        ("52", 52),
        (52, 52),
        ("Счёт", 52),
        ({"name": "Счёт"}, 52),
        ("Новая", 51),
        ("Отгрузка", 62),
        (state(999), 999),
        ("Дважды", None),
        ("Переименована", None),
        (None, None),
        ("", None),
        ([], None),
    ],
    ids=[
        "link",
        "entity",
        "number in a link",
        "digits",
        "number",
        "name",
        "object with a name",
        "name in two pipelines: the deal's own",
        "name in another pipeline only",
        "id not known here",
        "name in two other pipelines",
        "unknown name",
        "nothing",
        "empty",
        "list",
    ],
)
def test_forms_of_a_stage(value: Any, expected: int | None) -> None:
    assert STAGES.id_of(value, DEAL) == expected
    history = moves_of_change_history([changeset(3, 10, change(None, value))], DEAL, STAGES)
    assert [move.to_state_id for move in history.moves] == ([] if expected is None else [expected])
    assert history.unreadable == (expected is None)


def test_the_pipeline_of_a_stage() -> None:
    moved = DEAL._replace(program_id=6, state_id=69)
    history = moves_of_change_history([changeset(3, 10, change(state(51), state(69)))], moved, STAGES).moves
    assert history == [StageMove(at(0), None, None, 5, 51, None), StageMove(at(10), 5, 51, 6, 69, 1000004)]
    assert STAGES.program_of(999, DEAL) is None

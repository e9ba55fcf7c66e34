"""Where versions and stage moves begin, rule by rule, on rows written without Megaplan."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from megaplan_sync.raw.entities import ENTITIES
from megaplan_sync.raw.schema import prepare_raw_schema
from megaplan_sync.raw.writer import EntityWriter
from tests.integration.databases import EMPTY

from .deal_histories import Move, moves, now, versions

ACCOUNT = "mp1"
DEAL = 7


def at(minute: int) -> datetime:
    """Return a moment that is long past for this clock."""
    return datetime(2026, 1, 1, 12, minute, tzinfo=UTC)


_TIMES = {"state_changed_at": "stateTimeUpdated", "created_at": "timeCreated", "updated_at": "timeUpdated"}


def write(
    database: Connection[Any],
    name: str,
    *,
    id: int = DEAL,
    beside: Sequence[int] = (),
    state_id: int | None = 1,
    program_id: int = 14,
    **times: datetime,
) -> None:
    """Write a deal as a page does; ``beside`` are others of the page, which are equal to what they were."""
    deal: dict[str, Any] = {
        "contentType": "Deal",
        "id": str(id),
        "name": name,
        "program": {"contentType": "Program", "id": str(program_id)},
        **{
            _TIMES[column]: {"contentType": "DateTime", "value": time.isoformat()}
            for column, time in times.items()
        },
    }
    if state_id is not None:
        deal["state"] = {"contentType": "ProgramState", "id": str(state_id)}
    others = [
        payload
        for (payload,) in database.execute(
            "SELECT payload FROM megaplan_raw.deals WHERE id = ANY (%s)", (list(beside),)
        )
    ]
    with database.transaction():
        EntityWriter(ENTITIES["deals"]).write(database, ACCOUNT, [*others, deal])


@pytest.mark.parametrize("template", [EMPTY])
@pytest.mark.parametrize(
    ("columns", "valid_from", "moved_at"),
    [
        ({"updated_at": at(3), "created_at": at(1), "state_changed_at": at(2)}, at(3), at(2)),
        ({"updated_at": at(3), "created_at": at(1)}, at(3), at(1)),
        ({"updated_at": at(3)}, at(3), at(3)),
        ({"created_at": at(1)}, at(1), at(1)),
        ({}, None, None),
    ],
    ids=["all times", "no state time", "updated only", "created only", "none: now"],
)
@pytest.mark.parametrize("beside", [[], [8]], ids=["among new deals", "beside a known deal"])
def test_where_the_first_version_and_the_first_move_begin(
    database: Connection[Any],
    columns: dict[str, Any],
    valid_from: datetime | None,
    moved_at: datetime | None,
    beside: list[int],
) -> None:
    prepare_raw_schema(database)
    for known in beside:
        write(database, "known", id=known)
    began = now(database)
    write(database, "a", beside=beside, **columns)
    assert [len(versions(database, known)) for known in beside] == [1] * len(beside)
    ((found, *_),), ((moved, *_),) = versions(database, DEAL), moves(database, DEAL)
    if valid_from is None:
        assert began < found == moved < now(database)
    else:
        assert (found, moved) == (valid_from, moved_at)


@pytest.mark.parametrize("template", [EMPTY])
@pytest.mark.parametrize(
    ("before", "after", "valid_from", "moved_at"),
    [
        (
            {"updated_at": at(1), "state_changed_at": at(1)},
            {"updated_at": at(3), "state_changed_at": at(2)},
            at(3),
            at(2),
        ),
        ({"updated_at": at(1)}, {"updated_at": at(3), "state_changed_at": at(2)}, at(3), at(2)),
        (
            {"updated_at": at(1), "state_changed_at": at(1)},
            {"updated_at": at(3), "state_changed_at": at(1)},
            at(3),
            at(3),
        ),
        ({"updated_at": at(1), "state_changed_at": at(1)}, {"updated_at": at(3)}, at(3), at(3)),
        ({"updated_at": at(3)}, {"updated_at": at(3), "state_changed_at": at(2)}, None, None),
        ({"updated_at": at(1)}, {"updated_at": at(1), "state_changed_at": at(2)}, None, at(2)),
        (
            {"updated_at": at(3), "state_changed_at": at(1)},
            {"updated_at": at(4), "state_changed_at": at(2)},
            at(4),
            at(2),
        ),
        ({"updated_at": at(3)}, {"updated_at": at(1)}, None, None),
        ({"updated_at": at(3)}, {}, None, None),
        ({"created_at": at(1)}, {"updated_at": at(2)}, at(2), at(2)),
    ],
    ids=[
        "all moved",
        "the state's time appears",
        "the state's time stays",
        "the state's time vanishes",
        "the state's time appears, and is older than the version",
        "only the state's time moved",
        "the state's time moved to before the version: it was seen too late for that",
        "timeUpdated goes back",
        "timeUpdated vanishes",
        "timeUpdated appears",
    ],
)
def test_where_the_next_version_and_its_move_begin(
    database: Connection[Any],
    before: dict[str, Any],
    after: dict[str, Any],
    valid_from: datetime | None,
    moved_at: datetime | None,
) -> None:
    prepare_raw_schema(database)
    write(database, "a", **before)
    began = now(database)
    write(database, "b", state_id=2, **after)
    first, second = versions(database, DEAL)
    _, move = moves(database, DEAL)
    assert first.valid_to == second.valid_from
    assert (
        began < second.valid_from < now(database) if valid_from is None else second.valid_from == valid_from
    )
    assert move == Move(second.valid_from if moved_at is None else moved_at, 1, 2)
    kept = database.execute(
        "SELECT payload ->> 'name' FROM megaplan_raw.deal_versions ORDER BY valid_from"
    ).fetchall()
    assert kept == [("a",), (None,)]


@pytest.mark.parametrize("template", [EMPTY])
def test_another_pipeline_is_a_move_and_a_hidden_stage_is_none(database: Connection[Any]) -> None:
    prepare_raw_schema(database)
    write(database, "a", updated_at=at(1), state_id=None)
    write(database, "b", updated_at=at(2), state_id=5)
    write(database, "c", updated_at=at(3), state_id=5, program_id=15)
    write(database, "d", updated_at=at(4), state_id=None, program_id=15)
    write(database, "e", updated_at=at(5), state_id=6, program_id=15)
    assert database.execute(
        """SELECT moved_at, from_program_id, from_state_id, to_program_id, to_state_id
        FROM megaplan_raw.deal_stage_moves ORDER BY moved_at"""
    ).fetchall() == [
        (at(2), 14, None, 14, 5),
        (at(3), 14, 5, 15, 5),
        (at(5), 15, None, 15, 6),
    ]  # fmt: skip
    assert len(versions(database, DEAL)) == 5


LINKED = {
    "payer": {"contentType": "Payer", "id": "5", "name": "ИП Иванов"},
    "tags": [{"contentType": "Tag", "id": "1", "name": "срочно"}, {"contentType": "Tag", "id": "2"}],
}
ITEM = {
    "contentType": "OfferRow",
    "id": "900",
    "name": "Станок",
    "quantity": 2,
    "offer": {"contentType": "Offer", "id": "9", "name": "Станок"},
}
CONTENT: dict[str, Any] = {
    "contentType": "Deal",
    "id": str(DEAL),
    "name": "Сделка",
    "timeUpdated": {"contentType": "DateTime", "value": at(3).isoformat()},
    "price": {"contentType": "Money", "value": 100, "currency": "RUB"},
    "Category1CustomFieldA": "текст",
    **LINKED,
    "positions": [ITEM],
}
NOBODY: dict[str, dict[str, Any]] = {
    "a new custom field": {"Category1CustomFieldB": None},
    "a new custom field with a default": {"Category1CustomFieldB": "нет"},
    "a removed custom field": {"Category1CustomFieldA": ...},
    "a field that is no longer given": {"price": ...},
    "a payer's new name": {"payer": {**LINKED["payer"], "name": "ООО Иванов", "inn": "1"}},
    "a payer that is a bare link now": {"payer": {"contentType": "Payer", "id": "5"}},
    "a tag's new name": {"tags": [{**LINKED["tags"][0], "name": "не срочно"}, LINKED["tags"][1]]},
    "an offer's new name": {"positions": [{**ITEM, "offer": {**ITEM["offer"], "name": "Пресс"}}]},
    "a new key of line items": {"positions": [{**ITEM, "vat": 20}]},
    "all of it": {"Category1CustomFieldB": 1, "payer": {**LINKED["payer"], "name": "?"}, "price": ...},
}
SOMEBODY: dict[str, dict[str, Any]] = {
    "a name": {"name": "Иначе"},
    "another payer": {"payer": {**LINKED["payer"], "id": "6"}},
    "no payer": {"payer": None},
    "a value of a custom field": {"Category1CustomFieldA": "другой"},
    "no value of a custom field": {"Category1CustomFieldA": None},
    "one tag less": {"tags": LINKED["tags"][:1]},
    "tags in another order": {"tags": LINKED["tags"][::-1]},
    "a price": {"price": {"contentType": "Money", "value": 101, "currency": "RUB"}},
    "a quantity": {"positions": [{**ITEM, "quantity": 3}]},
    "another offer": {"positions": [{**ITEM, "offer": {**ITEM["offer"], "id": "10"}}]},
    "one line item more": {"positions": [ITEM, {**ITEM, "id": "901"}]},
    "no line items": {"positions": []},
    "a text instead of line items": {"positions": "нет"},
    "a change time": {
        "timeUpdated": {"contentType": "DateTime", "value": at(4).isoformat()},
        "Category1CustomFieldB": "x",
    },
}


@pytest.mark.parametrize("change", NOBODY.values(), ids=NOBODY)
def test_what_nobody_changed_in_the_deal_is_no_version(
    database: Connection[Any], change: dict[str, Any]
) -> None:
    assert len(versions_after(database, change)) == 1


@pytest.mark.parametrize("change", SOMEBODY.values(), ids=SOMEBODY)
def test_what_somebody_changed_is_one_version(database: Connection[Any], change: dict[str, Any]) -> None:
    assert len(versions_after(database, change)) == 2


def versions_after(database: Connection[Any], change: dict[str, Any]) -> list[Any]:
    """Write a deal, then the same with other values, which the row has in any case; ``...`` leaves a key out."""
    prepare_raw_schema(database)
    changed = {key: value for key, value in {**CONTENT, **change}.items() if value is not ...}
    for content in (CONTENT, changed):
        with database.transaction():
            EntityWriter(ENTITIES["deals"]).write(database, ACCOUNT, [content])
    stored = database.execute("SELECT payload, md5(payload::text) = content_hash FROM megaplan_raw.deals")
    assert stored.fetchone() == (changed, True)
    return versions(database, DEAL)

"""History of changes: every edit leaves a Changeset."""

from typing import Any

from .records import Deal, Record, Sum
from .state_moves import moves_of
from .store import Store

Change = tuple[str, Any, Any]


def changesets_of(record: Record) -> list[Record]:
    """Return an entity's change sets, oldest first; creation and seeded moves are derived on first use."""
    if not isinstance(record, Deal):
        sets: list[Record] = record.data.setdefault("changesets", [])
        if not sets:
            created, author = record.data["created"], record.data.get("userCreated")
            sets.append(_changeset(record, 1, created, author, [], "create"))
        return sets
    if record.changesets is None:
        record.changesets = [_changeset(record, 1, record.created, record.user_created, [], "create")]
        for move in moves_of(record)[1:]:
            change = ("state", move.from_state, move.to_state)
            place = len(record.changesets) + 1
            record.changesets.append(_changeset(record, place, move.to_time, move.user, [change], None))
        if record.updated > record.changesets[-1].data["time"]:
            # A seeded deal was edited after its last move: its description, from nothing to what it is now.
            edit = ("description", "", record.data.get("description", ""))
            place = len(record.changesets) + 1
            record.changesets.append(
                _changeset(record, place, record.updated, record.user_updated, [edit], None)
            )
    return record.changesets


def record_changes(store: Store, record: Record, changes: list[Change], kind: str | None = None) -> None:
    """Append a change set made now by the current user.

    :param kind: ``drop`` or ``restore``; a plain edit has no type.
    """
    sets = changesets_of(record)
    sets.append(_changeset(record, len(sets) + 1, store.clock.second(), store.user, changes, kind))


def find_changeset(store: Store, id: int) -> Record | None:
    """Return a change set by its id, which contains the id of its entity."""
    entity_id = id // 1000
    tables = (store.deals, store.contractors, store.tables["Todo"])
    entity = next((row for table in tables if (row := table.get(entity_id)) is not None), None)
    sets = [] if entity is None else changesets_of(entity)
    return next((entry for entry in sets if entry.id == id), None)


def _changeset(
    record: Record, place: int, time: int, author: Record | None, changes: list[Change], kind: str | None
) -> Record:
    id = int(record.id) * 1000 + place
    rows: list[Record] = []
    for field, old, new in changes:
        # Array fields are written as two changes: what was added and what was removed.
        halves = (
            [(None, new), (old, None)] if isinstance(old, tuple) or isinstance(new, tuple) else [(old, new)]
        )
        for before, after in halves:
            data = {
                "field": field,
                "time": time,
                "old": _shown(before),
                "new": _shown(after),
                "entity": record.link(),
                "author": author,
            }
            rows.append(Record("FieldChange", id * 100 + len(rows), data))
    data = {"time": time, "changes": tuple(rows), "entity": record.link(), "author": author}
    return Record("Changeset", id, data | ({} if kind is None else {"type": kind}))


def _shown(value: Any) -> Any:
    if isinstance(value, Record):
        return value.link()
    if isinstance(value, Sum):
        return value.value
    if isinstance(value, tuple | list):
        return [_shown(entry) for entry in value]
    return value

"""Brings entities that were not read from their list into the form that the list gives them.

Cards, links and lists print the same entity differently: which keys a linked entity has depends on the route, and
some keys are printed by one route only. None of that is a change of the entity, so the stored row, which has the form
of the list, says what of another route's answer is taken over. A row that is not stored yet, or a part of it that the
stored one lacks, is taken as it came, until the next run reads it from the list: it has changed recently.
"""

from collections.abc import Collection, Sequence
from typing import Any

from psycopg import Connection

from megaplan_hook import exact_json
from megaplan_sync.kernel.sql import for_table
from megaplan_sync.raw.canonical import PLAIN_VALUES, Entity, entity_id
from megaplan_sync.raw.entities import TABLE_OF


def stored_payloads(
    connection: Connection[Any], account: str, entities: Sequence[Entity]
) -> dict[tuple[str, int], Entity]:
    """Return the payloads of those of the given entities that are in the tables, by table and id."""
    ids: dict[str, list[int]] = {}
    for entity in entities:
        if (table := TABLE_OF.get(entity["contentType"])) is not None:
            ids.setdefault(table.name, []).append(entity_id(entity))
    return {
        (table, identity): exact_json.loads(payload.encode())
        for table, wanted in ids.items()
        for identity, payload in connection.execute(
            for_table("select_payloads", table), {"account": account, "ids": wanted}
        ).fetchall()
    }


def in_list_form(
    connection: Connection[Any],
    account: str,
    entities: Sequence[Entity],
    names: Collection[str] | None = None,
    requested: Collection[str] = (),
) -> list[Entity]:
    """Return entities of another route in the form of the list.

    :param entities: in canonical form
    :param names: fields requested from the list; keys that the stored row has are taken as well. None: all keys
    :param requested: fields that the list prints even if the stored row lacks them: they were not requested before
    """
    stored = stored_payloads(connection, account, entities)
    formed = []
    for entity in entities:
        table = TABLE_OF.get(entity["contentType"])
        known = stored.get((table.name, entity_id(entity)), {}) if table is not None else {}
        if names is not None:
            allowed = {"contentType", "id", *names, *known}
            entity = {key: value for key, value in entity.items() if key in allowed}
        formed.append(formed_like(entity, known, requested) if known else entity)
    return formed


def formed_like(sent: Entity, stored: Entity, requested: Collection[str] = ()) -> Entity:
    """Return an entity with the keys that it has in its list, as far as the stored row shows.

    :param sent: from another route
    :param stored: payload of its row
    :param requested: keys that the list has anyway
    """
    # a pipeline decides which fields its deals have
    is_same_kind = sent.get("program", stored.get("program")) == stored.get("program")
    is_unchanged = is_same_kind and sent.get("timeUpdated") == stored.get("timeUpdated")
    formed = {
        key: _shaped(value, stored[key]) if key in stored else value
        for key, value in sent.items()
        if key in stored or key in requested or not is_unchanged
    }
    if is_same_kind:
        formed.update((key, value) for key, value in stored.items() if key not in sent)
    return formed


def _shaped(sent: Any, stored: Any) -> Any:
    """Return a value with the keys that linked entities have in the stored one."""
    if isinstance(sent, list) and isinstance(stored, list):
        known = [entry for entry in stored if _is_linked(entry)]
        by_id = {_link(entry): entry for entry in known}
        by_type = {entry["contentType"]: entry for entry in known}
        return [
            _shaped(entry, by_id.get(_link(entry), by_type.get(entry["contentType"])))
            if _is_linked(entry)
            else entry
            for entry in sent
        ]
    if not _is_linked(sent) or not _is_linked(stored) or sent["contentType"] != stored["contentType"]:
        return sent
    formed = {key: _shaped(value, stored[key]) for key, value in sent.items() if key in stored}
    if _link(sent) == _link(stored):
        formed.update((key, value) for key, value in stored.items() if key not in sent)
    return formed


def _is_linked(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("contentType"), str)
        and isinstance(value.get("id"), str | int)
        and value["contentType"] not in PLAIN_VALUES
    )


def _link(entity: Entity) -> tuple[str, str]:
    return entity["contentType"], str(entity["id"])

"""Compares every byte of the stored payloads with the emulator's state, without the project's code."""

import json
from decimal import Decimal
from typing import Any

from psycopg import Connection

from tests.integration.truth import Account, hidden

ENTITIES = {
    "deals": ("deals", ("Deal",)),
    "contacts": ("contractors", ("ContractorHuman", "ContractorCompany")),
    "employees": ("employees", ("Employee",)),
    "pipelines": ("programs", ("Program",)),
    "pipeline_stages": ("states", ("ProgramState",)),
    "currencies": ("currencies", ("Currency",)),
    "departments": ("departments", ("Department",)),
    "advertising_ways": ("advertising_ways", ("ContractorAdvertisingWay",)),
    "contact_types": ("contractor_types", ("ContractorType",)),
}
"""Raw tables: what the emulator calls their rows, and their content types."""

_HAVE_TABLES = {content_type for _, types in ENTITIES.values() for content_type in types}
_MUST_BE_THERE = {
    "deals": {"name", "number", "program", "state", "manager", "timeCreated", "timeUpdated"},
    "contacts": {"name", "type", "contactInfo", "responsibles", "timeUpdated"},
    "employees": {"name", "position", "isWorking"},
}
"""Keys that no payload lacks."""


def differences(database: Connection[Any], megaplan: Account, table: str) -> list[str]:
    """Return how a raw table differs from the account: rows, keys, and values at any depth."""
    name, _ = ENTITIES[table]
    out_of_sight = hidden(megaplan) if table == "deals" else set()
    cards = {
        int(card["id"]): card
        for card in megaplan.control(f"state?entity={name}")
        if not card.get("isDropped") and int(card["id"]) not in out_of_sight
    }
    rows = {
        identity: json.loads(payload, parse_float=Decimal)
        for identity, payload in database.execute(
            f"SELECT id, payload::text FROM megaplan_raw.{table} WHERE deleted_at IS NULL"  # type: ignore[arg-type]
        )
    }
    found = [f"{table} {identity} is missing" for identity in sorted(cards.keys() - rows.keys())]
    found += [f"{table} {identity} is too many" for identity in sorted(rows.keys() - cards.keys())]
    for identity in sorted(cards.keys() & rows.keys()):
        row, card = rows[identity], cards[identity]
        found += _unequal(row, card, f"{table} {identity}", is_top=True)
        wanted = _MUST_BE_THERE.get(table, {"name"})
        if table in ("deals", "contacts"):
            wanted = wanted | {key for key in card if "CustomField" in key}
        found += [f"{table} {identity} lacks {key}" for key in sorted(wanted & card.keys() - row.keys())]
    return found


def _unequal(stored: Any, true: Any, path: str, *, is_top: bool = False) -> list[str]:
    if isinstance(true, dict) and not is_top and true.get("contentType") in _HAVE_TABLES and "id" in true:
        true = {"contentType": true["contentType"], "id": true["id"]}
    if isinstance(stored, dict) and isinstance(true, dict):
        gone = [f"{path}.{key} is not in Megaplan" for key in stored.keys() - true.keys()]
        return gone + [
            each
            for key in stored.keys() & true.keys()
            for each in _unequal(stored[key], true[key], f"{path}.{key}")
        ]
    if isinstance(stored, list) and isinstance(true, list) and len(stored) == len(true):
        pairs = enumerate(zip(stored, true, strict=True))
        return [each for place, (one, other) in pairs for each in _unequal(one, other, f"{path}[{place}]")]
    if isinstance(true, float):
        true = Decimal(repr(true))
    return (
        []
        if (stored == true and type(stored) is not bool) or stored is true
        else [f"{path}: {stored!r}, not {true!r}"]
    )

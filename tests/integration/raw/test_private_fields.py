"""What an account's connection keeps private is nowhere in Postgres, and the night agrees with what is stored."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration.conftest import list_requests

Sync = Callable[..., dict[str, EntityOutcome]]
SECRET = "0123456789abcdef01234567"
LEFT_OUT = {"fields_left_out": "contacts.contactInfo, contacts.name, employees.name, employees.contactInfo"}
PSEUDONYMS = {
    "fields_pseudonymised": "contacts.lastName, contacts.contactInfo, employees.name, employees.contactInfo",
    "pseudonym_secret": SECRET,
}
HASHES = {
    "fields_hashed": "contacts.firstName, contacts.contactInfo, employees.lastName, employees.contactInfo"
}


@pytest.fixture
def people(megaplan: EmulatedMegaplan) -> set[str]:
    """Names, phone numbers and addresses of the account's people and companies, of which texts contain none else."""
    found: set[str] = set()
    for entity in ("contractors", "employees"):
        for card in megaplan.control(f"state?entity={entity}"):
            found.update(str(card.get(key) or "") for key in ("name", "lastName"))
            found.update(str(point.get("value") or "") for point in card["contactInfo"])
    return {text for text in found if len(text) > 4}


def everything(database: Connection[Any]) -> str:
    """Return all rows of all tables as one text."""
    tables = database.execute(
        """SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables
        WHERE table_schema IN ('megaplan_raw', 'megaplan_sync', 'telephony') AND table_type = 'BASE TABLE'"""
    ).fetchall()
    rows = [database.execute(f"SELECT t::text FROM {table} AS t").fetchall() for (table,) in tables]
    return "\n".join(text for each in rows for (text,) in each)


def found_in(database: Connection[Any], people: set[str]) -> list[str]:
    text = everything(database)
    names = [json.dumps(each, ensure_ascii=False)[1:-1] for each in people]
    return [each for each in names if f'"{each}"' in text or f'\\"{each}\\"' in text or f'"{each}' in text]


@pytest.mark.parametrize("settings", [LEFT_OUT, PSEUDONYMS, HASHES], ids=["left out", "pseudonyms", "hashes"])
def test_nothing_private_is_anywhere_in_postgres(
    sync: Sync,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    people: set[str],
    settings: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd = {"contentType": "ContractorHuman", "id": "?", "name": sorted(people)[0]}
    megaplan.control(
        "faults",
        {
            "kind": "502",
            "status": 200,
            "path": "/contractorType",
            "exact": True,
            "body": json.dumps({"meta": {"status": 200, "errors": []}, "data": [odd, sorted(people)[1]]}),
        },
    )
    sync(**settings)
    assert found_in(database, people) == []
    aside = database.execute("SELECT body FROM megaplan_raw.unreadable_rows ORDER BY body").fetchall()
    assert aside == [("null",), ('{"contentType":"ContractorHuman","id":"?"}',)]
    assert not [each for each in people if each in caplog.text]


def test_without_settings_it_is(sync: Sync, database: Connection[Any], people: set[str]) -> None:
    sync()
    assert len(found_in(database, people)) > len(people) / 2


def test_what_is_left_out_is_not_requested(sync: Sync, megaplan: EmulatedMegaplan) -> None:
    sync("contacts", **LEFT_OUT)
    asked = [entry["args"]["fields"] for entry in list_requests(megaplan, "/contractor")]
    assert asked
    assert not [names for names in asked if {"contactInfo", "firstName", "name"} & set(names)]


def test_the_form_of_hashes_and_pseudonyms(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    human = next(
        card
        for card in megaplan.control("state?entity=contractors")
        if card["contentType"] == "ContractorHuman" and not card["isDropped"] and card["contactInfo"]
    )
    columns = "SELECT last_name, payload -> 'contactInfo' -> 0 FROM megaplan_raw.contacts WHERE id = %s"
    sync("contacts", **HASHES)
    last_name, point = database.execute(columns, (human["id"],)).fetchone() or (None, {})
    assert last_name == hashlib.sha256(human["lastName"].encode()).hexdigest()
    assert point["value"] == hashlib.sha256(human["contactInfo"][0]["value"].encode()).hexdigest()
    assert [point[key] for key in ("type", "isMain")] == [
        human["contactInfo"][0][key] for key in ("type", "isMain")
    ]
    sync("contacts", full_refresh=True, **PSEUDONYMS)
    last_name, point = database.execute(columns, (human["id"],)).fetchone() or (None, {})
    assert last_name == hmac.new(SECRET.encode(), human["lastName"].encode(), "sha256").hexdigest()[:32]


def test_changed_settings_reach_all_rows_without_a_full_refresh(
    sync: Sync, database: Connection[Any]
) -> None:
    stored = "SELECT count(*) FROM megaplan_raw.contacts WHERE payload ? 'contactInfo'"
    sync("contacts")
    (before,) = database.execute(stored).fetchone() or (0,)
    sync("contacts", **LEFT_OUT)
    assert database.execute(stored).fetchone() == (0,)
    sync("contacts", **LEFT_OUT)
    sync("contacts")
    assert database.execute(stored).fetchone() == (before,)

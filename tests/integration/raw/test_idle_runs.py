"""A run in which nothing has changed asks for nothing twice."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration import truth

Sync = Callable[..., dict[str, EntityOutcome]]


@pytest.fixture
def template(loaded_template: str) -> str:
    """These tests begin with a loaded account."""
    return loaded_template


def asked(megaplan: EmulatedMegaplan) -> list[str]:
    """Return the routes of the requests since the last call, the login left out."""
    routes = [entry["path"].removeprefix("/api/v3") for entry in megaplan.control("requests")]
    megaplan.control("requests", method="DELETE")
    return [route for route in routes if route != "/auth/access_token"]


@pytest.fixture
def idle(megaplan: EmulatedMegaplan, database: Connection[Any]) -> EmulatedMegaplan:
    """An account whose last change is an hour old."""
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 3600})
    database.execute("UPDATE megaplan_sync.walks SET watermark_seen_at = now() - interval '1 hour'")
    asked(megaplan)
    return megaplan


def test_bare_contacts_that_have_not_changed_are_not_asked_for(sync: Sync, idle: EmulatedMegaplan) -> None:
    """Eleven requests a run: Megaplan prints a company in full inside the first of its people only."""
    for _ in range(2):
        assert sync("contacts")["contacts"].requests <= 2
        assert asked(idle) == ["/contractor"]


def test_a_bare_contact_that_has_changed_is_asked_for(
    sync: Sync, idle: EmulatedMegaplan, database: Connection[Any]
) -> None:
    person = next(
        card
        for card in idle.control("state?entity=contractors")
        if card.get("company") and not card["isDropped"]
    )
    company = person["company"]["id"]
    idle.control("mutate", {"op": "update_contractor", "id": company, "fields": {"name": "Новое имя"}})
    idle.control("mutate", {"op": "advance_clock", "seconds": 1})
    idle.control("mutate", {"op": "update_contractor", "id": person["id"], "fields": {"firstName": "Иначе"}})
    sync("contacts")
    assert f"/contractor/{company}" in asked(idle)
    assert truth.loaded_contacts(database) == truth.contacts(idle)
    assert database.execute(
        "SELECT name FROM megaplan_raw.contacts WHERE id = %s", (int(company),)
    ).fetchall() == [("Новое имя",)]


def test_a_watermark_in_the_future_leaves_no_bare_contact_out(
    sync: Sync, idle: EmulatedMegaplan, database: Connection[Any]
) -> None:
    database.execute(
        "UPDATE megaplan_raw.contacts SET payload = jsonb_set(payload, '{position}', '\"spoilt\"')"
    )
    database.execute("UPDATE megaplan_sync.walks SET watermark = '2027-06-01' WHERE entity = 'contacts'")
    sync("contacts")
    assert database.execute(
        "SELECT count(*) FROM megaplan_raw.contacts WHERE payload ->> 'position' = 'spoilt'"
    ).fetchone() == (0,)

"""More custom fields than one page of definitions, or one address, can hold: all are loaded and compared."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.raw import entities
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.webhooks.fetch import NamedEntitiesFetch
from tests.integration import truth
from tests.integration.conftest import list_requests
from tests.integration.raw.deal_histories import history
from tests.integration.reconciliation.conftest import Reconcile, reconcile

__all__ = ["reconcile"]

Sync = Callable[..., dict[str, EntityOutcome]]
TITLE = "Очень длинное имя поля номер"


def add_fields(megaplan: EmulatedMegaplan, count: int, **scope: Any) -> None:
    added = [{"op": "add_custom_field", "title": f"{TITLE} {n:03}", **scope} for n in range(count)]
    megaplan.control("mutate", added)


@pytest.fixture
def crowded(megaplan: EmulatedMegaplan) -> EmulatedMegaplan:
    """An account with 110 further fields of deals, and 170 of contacts."""
    add_fields(megaplan, 110, program=14)
    add_fields(megaplan, 170, entity="Contractor")
    return megaplan


def defined(megaplan: EmulatedMegaplan, content_types: tuple[str, ...]) -> set[str]:
    """Return the keys that Megaplan's cards have."""
    entity = "deals" if content_types == ("Deal",) else "contractors"
    return {
        key for card in megaplan.control(f"state?entity={entity}") for key in card if "CustomField" in key
    }


def loaded(database: Connection[Any], table: str) -> set[str]:
    rows = database.execute(
        f"""SELECT DISTINCT key FROM megaplan_raw.{table}, jsonb_object_keys(payload) AS key
        WHERE key LIKE '%CustomField%'"""
    ).fetchall()
    return {key for (key,) in rows}


@pytest.mark.parametrize("refusal", ["414", "400", "431", "403", "404"])
def test_everything_is_loaded_and_compared_although_no_address_holds_the_fields(
    sync: Sync,
    reconcile: Reconcile,
    database: Connection[Any],
    crowded: EmulatedMegaplan,
    refusal: str,
) -> None:
    """A proxy's 414 was told as "check Host", and deals never loaded."""
    crowded.control("knobs", {"long_request_line": refusal})
    sync()
    truth.assert_tables_are_megaplan(database, crowded)
    assert loaded(database, "deals") == defined(crowded, ("Deal",))
    assert loaded(database, "contacts") == defined(crowded, entities.CONTACTS.custom_field_types)
    assert len(loaded(database, "deals")) > 130
    statuses = [entry["status"] for entry in crowded.control("requests")]
    assert statuses.count(int(refusal)) == 1, "the length is found once"
    certificates = reconcile(depth="full")
    assert {name: each.verdict for name, each in certificates.items()} == dict.fromkeys(
        certificates, "proven"
    )
    sync("deals", "contacts", full_refresh=True)
    statuses = [entry["status"] for entry in crowded.control("requests")]
    assert statuses.count(int(refusal)) == 1, "and remembered for the account"


def test_definitions_beyond_the_first_page_are_read(
    sync: Sync, reconcile: Reconcile, database: Connection[Any], crowded: EmulatedMegaplan
) -> None:
    """Custom fields beyond the first hundred were missing from payloads and views; the certificate said "proven"."""
    sync("custom_fields")
    ((rows,),) = database.execute(
        "SELECT count(*) FROM megaplan_raw.custom_fields WHERE entity = 'Deal' AND valid_to IS NULL"
    ).fetchall()
    assert rows > 130
    requests = list_requests(crowded, "/deal/extraFields")
    assert len(requests) == 2
    sync("deals")
    assert loaded(database, "deals") == defined(crowded, ("Deal",))
    ((columns,),) = database.execute(
        """SELECT count(*) FROM information_schema.columns
        WHERE table_schema = 'megaplan' AND table_name LIKE 'deals_of_%'"""
    ).fetchall()
    assert columns > rows


def test_stages_beyond_the_first_page_are_read(
    sync: Sync, reconcile: Reconcile, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    megaplan.control("mutate", [{"op": "add_stage", "program": 14, "name": f"Этап {n}"} for n in range(120)])
    sync("pipelines")
    ((stages,),) = database.execute(
        "SELECT count(*) FROM megaplan_raw.pipeline_stages WHERE pipeline_id = 14"
    ).fetchall()
    assert stages > 120


@pytest.mark.parametrize("links_give", ["listed", "card"])
def test_deals_read_by_any_route_are_the_same(
    sync: Sync,
    connect: Callable[..., str],
    database: Connection[Any],
    crowded: EmulatedMegaplan,
    links_give: str,
) -> None:
    sync("custom_fields", "pipelines", "deals")
    before = history(database)
    hook = MegaplanHook(connect(), sleep=lambda seconds: None)
    pages = EntityPages(hook, database, entities.DEALS)
    crowded.control("knobs", {"links_give": links_give})
    fetch = NamedEntitiesFetch(hook, database, entities.ENTITIES["deals"], {"Deal": pages})
    ((payloads),) = [dict(database.execute("SELECT id, payload FROM megaplan_raw.deals").fetchall())]
    ids = sorted(payloads)[:30]
    for some in (ids[:1], ids[1:3], ids[3:]):
        for fetched in fetch.batches("Deal", some):
            assert not fetched.failed
            for entity in fetched.entities:
                assert entity == payloads[int(entity["id"])]
    sync("deals")
    assert history(database) == before

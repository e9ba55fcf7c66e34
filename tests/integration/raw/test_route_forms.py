"""Lists, cards and links print an entity differently; that is no change of it."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.raw import entities
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.writer import EntityWriter
from megaplan_sync.webhooks.fetch import NamedEntitiesFetch
from tests.integration import truth
from tests.integration.raw.deal_histories import history
from tests.integration.reconciliation.conftest import Reconcile, reconcile

__all__ = ["reconcile"]

Sync = Callable[..., dict[str, EntityOutcome]]


@pytest.fixture
def differing(megaplan: EmulatedMegaplan, sync: Sync) -> EmulatedMegaplan:
    """A loaded account whose routes print some keys each."""
    megaplan.control("knobs", {"route_forms": "differ"})
    sync()
    return megaplan


@pytest.fixture
def fetch(
    connect: Callable[..., str], database: Connection[Any], differing: EmulatedMegaplan
) -> Callable[..., list[dict[str, Any]]]:
    """Fetch deals or contacts as webhooks do."""

    def run(content_type: str, *ids: int) -> list[dict[str, Any]]:
        hook = MegaplanHook(connect(), sleep=lambda seconds: None)
        entity = entities.TABLE_OF[content_type]
        pages = EntityPages(hook, database, entity.lists[0][0])
        fetcher = NamedEntitiesFetch(hook, database, entity, {content_type: pages})
        return [found for fetched in fetcher.batches(content_type, ids) for found in fetched.entities]

    return run


def rows(database: Connection[Any], table: str) -> dict[int, dict[str, Any]]:
    return dict(database.execute(f"SELECT id, payload FROM megaplan_raw.{table}").fetchall())


def ids(database: Connection[Any], content_type: str, count: int) -> list[int]:
    table = entities.TABLE_OF[content_type].name
    found = database.execute(
        f"SELECT id FROM megaplan_raw.{table} WHERE payload ->> 'contentType' = %s ORDER BY id LIMIT %s",
        (content_type, count),
    ).fetchall()
    return [identity for (identity,) in found]


@pytest.mark.parametrize("depth", ["full", "ids"])
def test_no_night_takes_another_form_for_a_change(
    sync: Sync, reconcile: Reconcile, database: Connection[Any], differing: EmulatedMegaplan, depth: str
) -> None:
    """Contacts that the list abbreviates in one order, but not in another, were stale every night."""
    before = history(database)
    for _ in range(2):
        certificates = reconcile(depth=depth)
        found = {name: (each.verdict, each.stale) for name, each in certificates.items()}
        assert found == dict.fromkeys(certificates, ("proven", 0))
        outcomes = sync(full_refresh=True)
        assert {name: outcome.updated for name, outcome in outcomes.items()} == dict.fromkeys(outcomes, 0)
    assert history(database) == before


@pytest.mark.parametrize("links_give", ["listed", "card"])
@pytest.mark.parametrize("content_type", ["Deal", "ContractorHuman", "ContractorCompany"])
def test_what_has_not_changed_has_one_form_by_any_route(
    fetch: Callable[..., list[dict[str, Any]]],
    database: Connection[Any],
    differing: EmulatedMegaplan,
    content_type: str,
    links_give: str,
) -> None:
    differing.control("knobs", {"links_give": links_give})
    stored = rows(database, entities.TABLE_OF[content_type].name)
    wanted = ids(database, content_type, 30)
    for some in (wanted[:1], wanted[1:3], wanted[3:]):
        found = fetch(content_type, *some)
        assert {int(entity["id"]) for entity in found} == set(some)
        assert all(entity == stored[int(entity["id"])] for entity in found)


def test_a_changed_deal_that_is_read_by_its_card_gets_one_version(
    sync: Sync,
    fetch: Callable[..., list[dict[str, Any]]],
    reconcile: Reconcile,
    database: Connection[Any],
    differing: EmulatedMegaplan,
) -> None:
    (deal,) = ids(database, "Deal", 1)
    versions = len(history(database))
    differing.control("mutate", {"op": "advance_clock", "seconds": 60})
    differing.control("mutate", {"op": "update_deal", "id": deal, "fields": {"name": "Иначе"}, "touch": True})
    writer = EntityWriter(entities.ENTITIES["deals"])
    account = MegaplanHook("megaplan_default").account
    fetched = fetch("Deal", deal)
    with database.transaction():
        writer.write(database, account, fetched)
    by_card = rows(database, "deals")[deal]
    assert by_card["name"] == "Иначе"
    after = len(history(database))
    assert after == versions + 1
    sync("deals")
    assert len(history(database)) == after
    assert truth.loaded_deals(database) == truth.deals(differing)
    certificate = reconcile("deals", depth="full")["deals"]
    assert (certificate.verdict, certificate.stale) == ("proven", 0)


def test_a_repair_by_links_is_not_stale_the_next_night(
    sync: Sync, reconcile: Reconcile, database: Connection[Any], differing: EmulatedMegaplan
) -> None:
    differing.control("mutate", {"op": "advance_clock", "seconds": 60})
    differing.control("mutate", {"op": "touch_many", "count": 30, "seed": 1})
    database.execute("UPDATE megaplan_sync.walks SET watermark = now() WHERE entity = 'deals'")
    assert reconcile("deals", depth="ids")["deals"].stale == 30
    certificate = reconcile("deals", depth="full")["deals"]
    assert (certificate.verdict, certificate.stale) == ("proven", 0)
    assert truth.loaded_deals(database) == truth.deals(differing)


@pytest.mark.parametrize("links_give", ["listed", "card"])
def test_an_edit_by_hand_is_no_pattern_for_its_repair(
    sync: Sync, reconcile: Reconcile, database: Connection[Any], differing: EmulatedMegaplan, links_give: str
) -> None:
    differing.control("knobs", {"links_give": links_give})
    (deal, *_) = ids(database, "Deal", 1)
    database.execute(
        "UPDATE megaplan_raw.deals SET payload = payload || '{\"by_hand\": 1}' WHERE id = %s", (deal,)
    )
    certificate = reconcile("deals", depth="ids")["deals"]
    assert (certificate.verdict, certificate.stale) == ("proven", 1)
    assert "by_hand" not in rows(database, "deals")[deal]
    assert truth.loaded_deals(database) == truth.deals(differing)

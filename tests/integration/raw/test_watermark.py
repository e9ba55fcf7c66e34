"""The watermark is a moment of Megaplan's clock, and nobody else's."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.raw.entities import DEALS, LATEST_CHANGE_FIRST
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration import truth
from tests.integration.reconciliation.conftest import Reconcile, reconcile

__all__ = ["reconcile"]

Sync = Callable[..., dict[str, EntityOutcome]]
NEXT_YEAR = "2027-06-01T00:00:00+00:00"


@pytest.fixture
def template(loaded_template: str) -> str:
    """These tests begin with a loaded account."""
    return loaded_template


def changed_at(megaplan: EmulatedMegaplan, time: str, *deals: str) -> None:
    seconds = int(datetime.fromisoformat(time).timestamp())
    megaplan.control("mutate", {"op": "same_second", "ids": deals, "time": seconds})
    cards = megaplan.control("state?entity=deals&fields=timeUpdated")
    assert {card["id"] for card in cards if card["timeUpdated"]["value"] == time} >= set(deals)


def from_the_future(megaplan: EmulatedMegaplan, *deals: str) -> None:
    changed_at(megaplan, NEXT_YEAR, *(deals or ("1002",)))


def change(megaplan: EmulatedMegaplan, seed: int) -> None:
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 600})
    megaplan.control("mutate", {"op": "touch_many", "count": 30, "seed": seed})


def watermark(database: Connection[Any]) -> Any:
    ((found,),) = database.execute(
        "SELECT watermark FROM megaplan_sync.walks WHERE entity = 'deals'"
    ).fetchall()
    return found


def test_a_deal_that_claims_to_change_next_year_hides_no_change(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    from_the_future(megaplan)
    sync("deals", page_size=10)
    before = watermark(database)
    assert before.year == 2026
    for seed in (1, 2):
        change(megaplan, seed)
        sync("deals", page_size=10)
        assert truth.loaded_deals(database) == truth.deals(megaplan)
    assert before < watermark(database)


def test_a_watermark_in_the_future_comes_back_by_itself(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan, caplog: pytest.LogCaptureFixture
) -> None:
    database.execute("UPDATE megaplan_sync.walks SET watermark = %s WHERE entity = 'deals'", (NEXT_YEAR,))
    change(megaplan, 3)
    sync("deals", page_size=10)
    assert truth.loaded_deals(database) == truth.deals(megaplan)
    assert "is ahead of Megaplan's clock; reading the whole list" in caplog.text
    assert watermark(database).year == 2026
    change(megaplan, 4)
    assert sync("deals", page_size=10)["deals"].pages < 10
    assert truth.loaded_deals(database) == truth.deals(megaplan)


def test_a_page_of_deals_from_the_future_hides_no_change_and_costs_no_whole_list(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    deals = sorted(card["id"] for card in megaplan.control("state?entity=deals&fields=name"))
    from_the_future(megaplan, *deals[:18])
    sync("deals", page_size=10, full_refresh=True)
    for seed in (1, 2):
        change(megaplan, seed)
        assert sync("deals", page_size=10)["deals"].pages < 12
        assert truth.loaded_deals(database) == truth.deals(megaplan)
    assert watermark(database).year == 2026


def test_without_megaplans_clock_the_future_begins_tomorrow(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy may strip the header Date."""
    monkeypatch.setattr("megaplan_hook.client.server_time", lambda headers: None)
    from_the_future(megaplan)
    for seed in (1, 2):
        change(megaplan, seed)
        sync("deals", page_size=10)
        assert truth.loaded_deals(database) == truth.deals(megaplan)
    assert watermark(database).year == 2026


def test_the_night_heals_a_watermark_in_the_future(
    sync: Sync, reconcile: Reconcile, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    from_the_future(megaplan)
    database.execute("UPDATE megaplan_sync.walks SET watermark = %s WHERE entity = 'deals'", (NEXT_YEAR,))
    change(megaplan, 6)
    certificate = reconcile("deals", depth="full")["deals"]
    assert certificate.verdict == "proven"
    assert certificate.watermark is not None
    assert certificate.watermark.year == watermark(database).year == 2026
    change(megaplan, 7)
    assert sync("deals", page_size=10)["deals"].pages < 10
    assert truth.loaded_deals(database) == truth.deals(megaplan)


def test_the_night_of_a_resumed_sweep_lets_the_sync_read_the_whole_list(
    sync: Sync, reconcile: Reconcile, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    """What changed behind the pages of the night before is in none of its pages."""
    assert reconcile("deals", page_size=20, night_requests=10)["deals"].verdict == "partial"
    database.execute("UPDATE megaplan_sync.walks SET watermark = %s WHERE entity = 'deals'", (NEXT_YEAR,))
    change(megaplan, 8)
    reconcile("deals", page_size=20)
    assert watermark(database) is None
    sync("deals", page_size=100)
    assert truth.loaded_deals(database) == truth.deals(megaplan)
    assert watermark(database).year == 2026


def test_a_row_out_of_its_place_hides_no_change(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan, connect: Callable[..., str]
) -> None:
    """A list may be sorted by another time than it shows: reading ended with the first page that held such a row."""
    change(megaplan, 9)
    fields = [*DEALS.required, *DEALS.optional]
    asked = {
        "limit": 10,
        "sortBy": LATEST_CHANGE_FIRST.sort_by(),
        "fields": fields,
        "onlyRequestedFields": True,
    }
    page = MegaplanHook(connect()).list_page("/deal", asked).data
    page[-1]["timeUpdated"]["value"] = "2001-01-01T00:00:00+00:00"
    body = json.dumps({"meta": {"status": 200, "errors": [], "pagination": {"limit": 10}}, "data": page})
    fault = {"kind": "502", "status": 200, "path": "/deal", "exact": True, "count": 1, "body": body}
    megaplan.control("faults", fault)
    assert sync("deals", page_size=10)["deals"].pages >= 3
    loaded, there = truth.loaded_deals(database), truth.deals(megaplan)
    assert [row for row in loaded if row not in there] == [row for row in loaded if "2001-01-01" in str(row)]


@pytest.mark.parametrize("depth", ["ids", "full"])
def test_a_date_that_is_corrected_is_corrected_here(
    sync: Sync, reconcile: Reconcile, database: Connection[Any], megaplan: EmulatedMegaplan, depth: str
) -> None:
    from_the_future(megaplan)
    sync("deals")
    assert watermark(database).year == 2026
    changed_at(megaplan, "2026-01-05T00:00:00+00:00", "1002")
    certificate = reconcile("deals", depth=depth)["deals"]
    assert (certificate.verdict, certificate.stale, certificate.repaired) == ("proven", 1, 1)
    assert truth.loaded_deals(database) == truth.deals(megaplan)


def test_the_overlap_is_left_out_only_after_postgres_clock_has_passed_it(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    """What Megaplan's Date says does not matter: it may come from another machine, an hour ahead."""
    change(megaplan, 5)
    sync("deals", page_size=1)
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 3600})
    again = sync("deals", page_size=1)["deals"]
    assert again.pages >= 30, "all of the last second's changes are looked at again"
    database.execute("UPDATE megaplan_sync.walks SET watermark_seen_at = now() - interval '1 hour'")
    assert sync("deals", page_size=1)["deals"].pages == 1

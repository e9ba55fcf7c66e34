"""The watermark is a moment of Megaplan's clock, and nobody else's."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration import truth

Sync = Callable[..., dict[str, EntityOutcome]]
NEXT_YEAR = "2027-06-01T00:00:00+00:00"


@pytest.fixture
def template(loaded_template: str) -> str:
    """These tests begin with a loaded account."""
    return loaded_template


def from_the_future(megaplan: EmulatedMegaplan, deal: str = "1002") -> None:
    megaplan.control("mutate", {"op": "same_second", "n": 1, "ids": [deal], "ts": NEXT_YEAR})


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

"""A load that was killed goes on when it is started again, and the raw tables equal Megaplan in the end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration import truth
from tests.integration.conftest import list_requests

from .deal_changes import change_many
from .killed_load import KilledLoad
from .table_comparison import assert_equal_except

Sync = Callable[..., dict[str, EntityOutcome]]
Connect = Callable[..., str]


@pytest.fixture
def killed_load(database_uri: str, megaplan: EmulatedMegaplan, tmp_path: Path) -> KilledLoad:
    return KilledLoad(database_uri, megaplan, tmp_path)


def test_a_killed_first_load_goes_on_from_its_last_page(
    sync: Sync,
    connect: Connect,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    killed_load: KilledLoad,
) -> None:
    connect(page_size=20)
    killed_load.until(10, "custom_fields", "deals")  # of 1 + 22
    pages_read, rows_read = database.execute(
        "SELECT pages_read, rows_read FROM megaplan_sync.walks WHERE entity = 'deals'"
    ).fetchone() or (0, 0)
    assert 6 <= pages_read <= 10
    assert rows_read == 20 * pages_read == len(truth.loaded_deals(database))
    megaplan.control("mutate", {"op": "touch_many", "count": 10, "seed": 8})

    sync("deals", page_size=20)
    asked = [entry["args"] for entry in list_requests(megaplan, "/deal")]
    oldest_first = [args for args in asked if args["sortBy"][0]["fieldName"] == "timeCreated"]
    assert all("pageAfter" in args for args in oldest_first)
    assert len(oldest_first) <= 21 - pages_read + 2, (
        "two requests find out that a full last page was the last"
    )
    assert_equal_except(database, megaplan, set())


def test_a_killed_catch_up_is_done_again(
    sync: Sync,
    connect: Connect,
    database: Connection[Any],
    megaplan: EmulatedMegaplan,
    killed_load: KilledLoad,
) -> None:
    def watermark() -> Any:
        return database.execute("SELECT watermark FROM megaplan_sync.walks WHERE entity = 'deals'").fetchone()

    sync("custom_fields", "deals")
    before = watermark()
    change_many(megaplan, 200)
    connect(page_size=10)
    killed_load.until(8, "deals")
    assert watermark() == before, "it moves only when the walk has reached the old one"
    loaded, expected = truth.loaded_deals(database), truth.deals(megaplan)
    caught_up = sum(loaded[id] == row for id, row in expected.items())
    assert 220 < caught_up < 420
    sync("deals", page_size=10)
    assert_equal_except(database, megaplan, set())

"""A name that was not asked for before comes into all rows in the background, and is no version of any deal."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.raw import entities, incremental_read
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration.conftest import list_requests

from .deal_histories import assert_the_history_fits, history

Sync = Callable[..., dict[str, EntityOutcome]]
NAME = "payForm"


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Deals as an earlier version of this package asked for them; undo it to ask for one name more."""
    spec = replace(entities.DEALS, optional=tuple(name for name in entities.DEALS.optional if name != NAME))
    deals = replace(entities.ENTITIES["deals"], lists=((spec,),))
    monkeypatch.setitem(entities.ENTITIES, "deals", deals)
    return monkeypatch


def with_the_name(database: Connection[Any]) -> int:
    (count,) = database.execute(
        "SELECT count(*) FROM megaplan_raw.deals WHERE payload ? %s", (NAME,)
    ).fetchone() or (0,)
    return int(count)


def test_all_rows_are_read_again_some_pages_in_each_run_and_no_version_begins(
    unasked: pytest.MonkeyPatch, sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("custom_fields", "deals", page_size=20)
    assert with_the_name(database) == 0
    before = history(database)
    unasked.undo()
    unasked.setattr(incremental_read, "_REREAD_PAGES", 10)
    read = []
    for _ in range(4):
        sync("deals", page_size=20)
        read.append(with_the_name(database))
    held = sum(NAME in card for card in megaplan.control("state?entity=deals"))
    assert 150 < read[0] < 220 < read[1] <= held == read[2] == read[3]
    assert history(database) == before
    assert_the_history_fits(database)
    megaplan.control("requests", method="DELETE")
    sync("deals", page_size=20)
    assert len(list_requests(megaplan, "/deal")) == 1, "nothing is left to be read again"


class AlmostSpent:
    """A budget that has less than half of its hour left."""

    def acquire(self) -> None: ...

    def back_off(self, seconds: float) -> None: ...

    def remaining(self) -> int:
        return 100


def test_the_background_leaves_half_of_the_hours_requests(
    unasked: pytest.MonkeyPatch,
    sync: Sync,
    connect: Callable[..., str],
    database: Connection[Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    sync("custom_fields", "deals", page_size=20)
    unasked.undo()
    caplog.set_level(logging.INFO)
    hook = MegaplanHook(connect(page_size=20, requests_per_hour=1000), sleep=lambda seconds: None)
    hook.budget = AlmostSpent()
    AccountSync(hook, database, run_id="spent").run(["deals"], full_refresh=False)
    assert 0 < with_the_name(database) <= 40
    assert "continues in the next run" in caplog.text


def test_a_value_that_a_person_has_set_is_a_version_although_its_key_is_new(
    unasked: pytest.MonkeyPatch, sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    sync("custom_fields", "deals")
    unasked.undo()
    megaplan.control("mutate", {"op": "update_deal", "id": "1001", "fields": {"name": "Другое"}})
    sync("deals")
    assert len([row for row in history(database) if row[0] == 1001 and row[2] != "present stage"]) == 2

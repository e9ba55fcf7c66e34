"""Histories of deals that were deleted and come back, and of syncs that fail or are killed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from tests.integration import truth
from tests.integration.conftest import DEALS
from tests.integration.databases import EMPTY

from .deal_histories import (
    MICROSECOND,
    Sync,
    assert_the_history_fits,
    history,
    moves,
    now,
    payload_of,
    versions,
)
from .killed_load import KilledLoad


@pytest.fixture
def template(loaded_template: str) -> str:
    """Most of these tests begin with a loaded account."""
    return loaded_template


def mark_deleted(database: Connection[Any], *deals: int) -> None:
    database.execute(
        """UPDATE megaplan_raw.deals SET deleted_at = now(), deletion_evidence = '{"status": 404}'
        WHERE id = ANY (%s)""",
        (list(deals),),
    )


def test_a_deleted_deal_ends_its_version_once(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    payload, others = payload_of(database, 1001), [row for row in history(database) if row[0] != 1001]
    first_moves = moves(database, 1001)
    mark_deleted(database, 1001)
    ((deleted_at,),) = database.execute(
        "SELECT deleted_at FROM megaplan_raw.deals WHERE id = 1001"
    ).fetchall()
    assert database.execute(
        "SELECT valid_to, payload FROM megaplan_raw.deal_versions WHERE deal_id = 1001"
    ).fetchall() == [(deleted_at, payload)]
    assert moves(database, 1001) == first_moves
    assert [row for row in history(database) if row[0] != 1001] == others


def test_a_deal_that_returns_opens_a_new_version(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    mark_deleted(database, 1001, 1002)
    (second,) = megaplan.control("mutate", {"op": "move_stage", "id": 1002})
    sync("deals", full_refresh=True)
    gone, returned = versions(database, 1001)
    assert (gone.has_payload, returned.has_payload) == (True, False)
    assert gone.valid_to is not None
    assert gone.valid_to < returned.valid_from < now(database)
    assert (returned.valid_to, returned.content_hash) == (None, gone.content_hash)
    assert len(moves(database, 1001)) == 1, "it is where it was"
    assert [move.to_state_id for move in moves(database, 1002)][1:] == [int(second["state"])]
    assert_the_history_fits(database, gone=[1001, 1002])


@pytest.mark.parametrize("template", [EMPTY])
def test_a_version_that_began_ahead_of_this_clock_ends_after_its_begin(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    megaplan.control("mutate", {"op": "advance_clock", "seconds": 86_400})
    megaplan.control("mutate", {"op": "update_deal", "id": 1001, "fields": {"name": "Завтра"}})
    sync("custom_fields", "deals")
    mark_deleted(database, 1001)
    (gone,) = versions(database, 1001)
    assert gone.valid_to == gone.valid_from + MICROSECOND
    sync("deals", full_refresh=True)
    assert versions(database, 1001)[1].valid_from == gone.valid_to + MICROSECOND


def test_history_and_rows_are_written_together(
    sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    before = history(database)
    database.execute(
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no moves today' USING ERRCODE = 'disk_full'; END $$;
        CREATE TRIGGER refuse BEFORE INSERT ON megaplan_raw.past_deal_stage_moves EXECUTE FUNCTION refuse()"""
    )
    megaplan.control("mutate", {"op": "move_stage", "id": 1001})
    unmoved = truth.loaded_deals(database)
    with pytest.raises(Exception, match="no moves today"):
        sync("deals")
    assert truth.loaded_deals(database) == unmoved
    assert history(database) == before
    database.execute("DROP TRIGGER refuse ON megaplan_raw.past_deal_stage_moves")
    sync("deals")
    assert len(moves(database, 1001)) == len(versions(database, 1001)) == 2
    assert_the_history_fits(database)


@pytest.mark.parametrize("template", [EMPTY])
def test_a_killed_load_leaves_whole_histories(
    sync: Sync,
    connect: Callable[..., str],
    database: Connection[Any],
    database_uri: str,
    megaplan: EmulatedMegaplan,
    tmp_path: Path,
) -> None:
    connect(page_size=20)
    KilledLoad(database_uri, megaplan, tmp_path).until(10, "custom_fields", "deals")
    assert 0 < len(truth.loaded_deals(database)) < DEALS
    assert_the_history_fits(database)
    sync("deals", page_size=20)
    assert_the_history_fits(database)
    assert len(history(database)) == 2 * DEALS
    megaplan.control("mutate", {"op": "touch_many", "count": 200, "seed": 2})
    connect(page_size=10)
    KilledLoad(database_uri, megaplan, tmp_path).until(8, "deals")
    assert_the_history_fits(database)
    sync("deals")
    assert_the_history_fits(database)
    assert len(history(database)) == 2 * DEALS + 200

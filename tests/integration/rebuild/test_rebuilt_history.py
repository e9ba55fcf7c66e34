"""Versions of deals and the moves that follow from them come back, and what was thinned out or asked for stays."""

from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from megaplan_sync.kernel.sql import read_sql
from tests.integration.rebuild.conftest import Rebuild, copy_of, counts, one, written

HISTORY = ("past_deal_versions", "past_deal_stage_moves", "deals")
WHEN_MOVED = ("changed_at", "first_synced_at", "move_seen_at")


@pytest.mark.usefixtures("chunk", "lived")
def test_lost_moves_come_back_where_they_stood(rebuild: Rebuild, database: Connection[Any]) -> None:
    before = copy_of(database, *HISTORY, without=WHEN_MOVED)
    past = database.execute("DELETE FROM megaplan_raw.past_deal_stage_moves").rowcount
    present = database.execute(
        """UPDATE megaplan_raw.deals
        SET moved_at = NULL, moved_from_program_id = NULL, moved_from_state_id = NULL, move_seen_at = NULL"""
    ).rowcount
    assert past > 10
    found = counts(rebuild("deals"))
    assert {table: table_counts.inserted for table, table_counts in found.items()} == {
        "deal_stage_moves": past + present
    }
    assert copy_of(database, *HISTORY, without=WHEN_MOVED) == before


@pytest.mark.usefixtures("chunk", "lived")
def test_a_present_version_begins_when_the_last_one_ended(
    rebuild: Rebuild, database: Connection[Any]
) -> None:
    before = copy_of(database, *HISTORY)
    changed = database.execute(
        """UPDATE megaplan_raw.deals SET valid_from = '1999-01-01'
        WHERE id IN (SELECT deal_id FROM megaplan_raw.past_deal_versions)"""
    ).rowcount
    found = counts(rebuild("deals"))
    assert {table: table_counts.corrected for table, table_counts in found.items()} == {
        "deal_versions": changed
    }
    assert changed > 5
    assert copy_of(database, *HISTORY) == before


@pytest.mark.usefixtures("lived")
def test_moves_that_follow_from_no_version_go_and_wrong_ones_are_corrected(
    rebuild: Rebuild, database: Connection[Any]
) -> None:
    before = copy_of(database, *HISTORY, without=WHEN_MOVED)
    wrong = database.execute(
        """UPDATE megaplan_raw.past_deal_stage_moves
        SET from_program_id = -1, from_state_id = -1, to_program_id = NULL, employee_id = 3"""
    ).rowcount
    wrong += database.execute(
        "UPDATE megaplan_raw.deals SET moved_from_program_id = -1, moved_from_state_id = -1"
    ).rowcount
    later = sum(
        database.execute(
            f"""UPDATE megaplan_raw.{table} AS move SET moved_at = now() + make_interval(days => 1 + {days})
            WHERE moved_at > (SELECT min(valid_from) FROM megaplan_raw.deal_versions WHERE deal_id = move.{key})"""
        ).rowcount
        for days, (table, key) in enumerate({"past_deal_stage_moves": "deal_id", "deals": "id"}.items())
    )
    assert later == 12
    moves = counts(rebuild("deals"))["deal_stage_moves"]
    assert (moves.inserted, moves.deleted, moves.corrected) == (later, later, wrong - later)
    assert copy_of(database, *HISTORY, without=WHEN_MOVED) == before


@pytest.mark.usefixtures("lived")
def test_who_deletes_old_versions_keeps_their_moves(rebuild: Rebuild, database: Connection[Any]) -> None:
    assert database.execute("DELETE FROM megaplan_raw.past_deal_versions").rowcount > 10
    before = written(database)
    assert counts(rebuild("deals")) == {}
    assert written(database) == before


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize("seconds", [-1, 0, 1], ids=["dated earlier", "dated alike", "dated later"])
def test_moves_that_were_asked_for_are_not_overruled(
    rebuild: Rebuild, database: Connection[Any], account: str, seconds: int
) -> None:
    """The statements are those of the back-fill: its moves replace derived ones up to the newest of them.

    Derived ones are dated a little otherwise than those of the history, so that their keys differ.
    """
    deal = one(
        database,
        """SELECT deal_id FROM megaplan_raw.deal_stage_moves GROUP BY deal_id HAVING count(*) = 3
        ORDER BY deal_id LIMIT 1""",
    )
    first, second, third = database.execute(
        """SELECT moved_at, to_program_id, to_state_id FROM megaplan_raw.deal_stage_moves
        WHERE deal_id = %s ORDER BY moved_at""",
        (deal,),
    ).fetchall()
    asked = [(move[0] + timedelta(seconds=seconds), *move[1:]) for move in (first, second)]
    database.execute(
        read_sql("delete_derived_stage_moves"),
        {"account": account, "deal_id": deal, "newest": asked[1][0], "newest_state_id": second[2]},
    )
    database.execute(
        read_sql("insert_stage_moves"),
        {
            "account": account,
            "deal_id": deal,
            "moved_at": [move[0] for move in asked],
            "from_program_id": [None, first[1]],
            "from_state_id": [None, first[2]],
            "to_program_id": [move[1] for move in asked],
            "to_state_id": [move[2] for move in asked],
            "employee_id": [5, 5],
            "source": "status_history",
        },
    )
    left = database.execute(
        "SELECT source FROM megaplan_raw.deal_stage_moves WHERE deal_id = %s ORDER BY moved_at", (deal,)
    ).fetchall()
    assert left == [("status_history",), ("status_history",), ("versions",)]
    before = written(database)
    assert counts(rebuild("deals")) == {}
    assert written(database) == before
    database.execute(
        "UPDATE megaplan_raw.deals SET moved_at = NULL, move_seen_at = NULL WHERE id = %s", (deal,)
    )
    assert counts(rebuild("deals"))["deal_stage_moves"].inserted == 1, (
        "the one after the newest of the history"
    )
    assert third[0] == one(
        database,
        "SELECT moved_at FROM megaplan_raw.deal_stage_moves WHERE deal_id = %s AND source = 'versions'",
        deal,
    )

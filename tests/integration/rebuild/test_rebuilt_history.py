"""Versions of deals and the moves that follow from them come back, and what was thinned out or asked for stays."""

from datetime import timedelta
from typing import Any

import pytest
from psycopg import Connection

from megaplan_sync.kernel.sql import read_sql
from tests.integration.rebuild.conftest import WHEN_INSERTED, Gone, Rebuild, copy_of, counts, one, written


@pytest.mark.usefixtures("chunk", "lived")
def test_lost_present_versions_and_moves_come_back(rebuild: Rebuild, database: Connection[Any]) -> None:
    history = ("deal_versions", "deal_stage_moves")
    before = copy_of(database, *history, without=WHEN_INSERTED)
    lost = {
        "deal_versions": database.execute(
            "DELETE FROM megaplan_raw.deal_versions WHERE valid_to IS NULL"
        ).rowcount,
        "deal_stage_moves": database.execute("DELETE FROM megaplan_raw.deal_stage_moves").rowcount,
    }
    told = counts(rebuild("deals"))
    assert {table: found.inserted for table, found in told.items()} == lost
    assert copy_of(database, *history, without=WHEN_INSERTED) == before


@pytest.mark.usefixtures("lived")
def test_moves_that_follow_from_no_version_go_and_wrong_ones_are_corrected(
    rebuild: Rebuild, database: Connection[Any]
) -> None:
    before = copy_of(database, "deal_stage_moves", without=WHEN_INSERTED)
    database.execute(
        """UPDATE megaplan_raw.deal_stage_moves
        SET from_program_id = -1, from_state_id = -1, to_program_id = NULL, employee_id = 3"""
    )
    later = database.execute(
        """UPDATE megaplan_raw.deal_stage_moves AS move SET moved_at = now() + interval '1 day'
        WHERE moved_at = (SELECT max(moved_at) FROM megaplan_raw.deal_stage_moves WHERE deal_id = move.deal_id)
          AND moved_at > (SELECT min(valid_from) FROM megaplan_raw.deal_versions WHERE deal_id = move.deal_id)"""
    ).rowcount
    assert later == 6
    moves = counts(rebuild("deals"))["deal_stage_moves"]
    assert (moves.inserted, moves.deleted) == (later, later)
    assert copy_of(database, "deal_stage_moves", without=WHEN_INSERTED) == before


@pytest.mark.usefixtures("lived")
def test_who_deletes_old_versions_keeps_their_moves(rebuild: Rebuild, database: Connection[Any]) -> None:
    assert database.execute("DELETE FROM megaplan_raw.deal_versions WHERE valid_to IS NOT NULL").rowcount > 10
    before = written(database)
    assert counts(rebuild("deals")) == {}
    assert written(database) == before


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize("seconds", [-1, 0, 1], ids=["told earlier", "told at the same time", "told later"])
def test_moves_that_were_asked_for_are_not_overruled(
    rebuild: Rebuild, database: Connection[Any], account: str, seconds: int
) -> None:
    """The statements are those of the back-fill: told moves replace derived ones up to the newest told.

    Derived ones are dated a little otherwise than told ones, so that their keys differ.
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
    told = [(move[0] + timedelta(seconds=seconds), *move[1:]) for move in (first, second)]
    database.execute(
        read_sql("delete_derived_stage_moves"),
        {"account": account, "deal_id": deal, "newest": told[1][0], "newest_state_id": second[2]},
    )
    database.execute(
        read_sql("insert_stage_moves"),
        {
            "account": account,
            "deal_id": deal,
            "moved_at": [move[0] for move in told],
            "from_program_id": [None, first[1]],
            "from_state_id": [None, first[2]],
            "to_program_id": [move[1] for move in told],
            "to_state_id": [move[2] for move in told],
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
        "DELETE FROM megaplan_raw.deal_stage_moves WHERE deal_id = %s AND source = 'versions'", (deal,)
    )
    assert counts(rebuild("deals"))["deal_stage_moves"].inserted == 1, "the one after the newest told"
    assert third[0] == one(
        database,
        "SELECT moved_at FROM megaplan_raw.deal_stage_moves WHERE deal_id = %s AND source = 'versions'",
        deal,
    )


@pytest.mark.parametrize("erased", [("valid_to",), ("valid_to", "payload")])
def test_an_ended_version_whose_end_was_erased_is_not_overwritten(
    lived: Gone, rebuild: Rebuild, database: Connection[Any], erased: tuple[str, ...]
) -> None:
    before = copy_of(database, "deal_versions", without=erased)
    changes = ", ".join(f"{column} = NULL" for column in erased)
    database.execute(
        f"UPDATE megaplan_raw.deal_versions SET {changes} WHERE deal_id <> ALL (%s)", (lived.deals,)
    )
    assert counts(rebuild("deals")) == {}
    assert copy_of(database, "deal_versions", without=erased) == before


def test_a_present_version_comes_back_also_where_the_end_of_the_last_one_was_erased(
    lived: Gone, rebuild: Rebuild, database: Connection[Any]
) -> None:
    """It begins with Megaplan's timeUpdated then, and no ended version is taken for the present one."""
    before = copy_of(database, "deal_versions", without=("valid_to", *WHEN_INSERTED))
    moves = written(database)["deal_stage_moves"]
    several = (
        """deal_id IN (SELECT deal_id FROM megaplan_raw.deal_versions GROUP BY deal_id HAVING count(*) > 1)"""
    )
    lost = database.execute(
        f"""WITH changed AS (
          UPDATE megaplan_raw.deal_versions SET valid_to = NULL
          WHERE deal_id <> ALL (%s) AND valid_to IS NOT NULL AND {several})
        DELETE FROM megaplan_raw.deal_versions WHERE valid_to IS NULL AND {several}""",
        (lived.deals,),
    ).rowcount
    told = counts(rebuild("deals"))
    assert {table: found.changed for table, found in told.items()} == {"deal_versions": lost}
    assert told["deal_versions"].inserted == lost > 5
    assert copy_of(database, "deal_versions", without=("valid_to", *WHEN_INSERTED)) == before
    assert written(database)["deal_stage_moves"] == moves
    assert counts(rebuild("deals")) == {}

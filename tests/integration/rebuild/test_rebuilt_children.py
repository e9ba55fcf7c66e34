"""Line items, contact points and stages are what the payloads of their parents hold."""

from typing import Any

import pytest
from psycopg import Connection
from psycopg.types.json import Jsonb

from megaplan_sync.rebuild.outcome import TableCounts
from tests.integration.rebuild.conftest import (
    EVIDENCE,
    WHEN_INSERTED,
    Gone,
    Rebuild,
    copy_of,
    counts,
    damage,
    one,
    read_wrongly,
)


@pytest.mark.usefixtures("chunk", "lived")
def test_lost_children_come_back_and_superfluous_ones_are_marked(
    rebuild: Rebuild, database: Connection[Any], account: str
) -> None:
    children = ("deal_positions", "contact_points")
    before = copy_of(database, *children, without=WHEN_INSERTED)
    lost = {
        "deal_positions": database.execute(
            "DELETE FROM megaplan_raw.deal_positions WHERE deleted_at IS NULL AND id % 3 = 0"
        ).rowcount,
        "contact_points": database.execute(
            "DELETE FROM megaplan_raw.contact_points WHERE deleted_at IS NULL AND contact_id % 3 = 0"
        ).rowcount,
    }
    hidden = {
        table: database.execute(
            f"""UPDATE megaplan_raw.{table} SET deleted_at = now(), deletion_evidence = '{{}}'
            WHERE deleted_at IS NULL AND {key} % 3 = 1"""
        ).rowcount
        for table, key in {"deal_positions": "id", "contact_points": "contact_id"}.items()
    }
    deal, contact = (
        one(database, f"SELECT min(id) FROM megaplan_raw.{table} WHERE deleted_at IS NULL")
        for table in ("deals", "contacts")
    )
    database.execute(
        "INSERT INTO megaplan_raw.deal_positions (account, id, deal_id, position) VALUES (%s, 1, %s, 99)",
        (account, deal),
    )
    database.execute(
        "INSERT INTO megaplan_raw.contact_points (account, contact_id, position) VALUES (%s, %s, 99)",
        (account, contact),
    )
    found = counts(rebuild("deals", "contacts"))
    assert found == {
        table: TableCounts(read=found[table].read, inserted=lost[table] + hidden[table], marked=1)
        for table in children
    }
    for table in children:
        evidence = one(
            database,
            f"""DELETE FROM megaplan_raw.{table} WHERE position = 99 AND deleted_at IS NOT NULL
            RETURNING deletion_evidence""",
        )
        assert evidence.pop("at")
        assert evidence == EVIDENCE
    assert copy_of(database, *children, without=WHEN_INSERTED) == before


def test_what_was_deleted_is_rebuilt_and_stays_deleted(
    lived: Gone, rebuild: Rebuild, database: Connection[Any]
) -> None:
    before = copy_of(database)
    of_deals = tuple(lived.deals)
    read_wrongly(database, "deals", "contacts", where="deleted_at IS NOT NULL")
    damage(database, "deal_positions", ["name", "price"], "deleted_at IS NOT NULL")
    damage(database, "contact_points", ["value", "phone_e164"], "deleted_at IS NOT NULL")
    assert counts(rebuild())["deals"] == TableCounts(read=420, corrected=3)
    assert copy_of(database) == before
    lost = database.execute(
        "DELETE FROM megaplan_raw.deal_positions WHERE deal_id = ANY (%s)", (list(of_deals),)
    ).rowcount
    assert counts(rebuild("deals"))["deal_positions"].inserted == lost > 0
    back = database.execute(
        """SELECT deleted_at IS NOT NULL, deletion_evidence ->> 'found_by' FROM megaplan_raw.deal_positions
        WHERE deal_id = ANY (%s)""",
        (list(of_deals),),
    ).fetchall()
    assert set(back) == {(True, "its deal is gone")}
    assert counts(rebuild("deals")) == {}


@pytest.mark.usefixtures("chunk", "lived")
@pytest.mark.parametrize("holder", ["earlier", "later"])
def test_a_position_that_two_payloads_hold_stays_where_it_is(
    rebuild: Rebuild, database: Connection[Any], holder: str
) -> None:
    """It moved to another deal, and the first one was not read since: both payloads fit their hashes."""
    rows = database.execute(
        """SELECT deal_id FROM megaplan_raw.deal_positions WHERE deleted_at IS NULL
        GROUP BY deal_id ORDER BY deal_id"""
    ).fetchall()
    (earlier,), (later,) = rows[0], rows[-1]
    giver, taker = (later, earlier) if holder == "earlier" else (earlier, later)
    position = one(
        database,
        "SELECT min(id) FROM megaplan_raw.deal_positions WHERE deal_id = %s AND deleted_at IS NULL",
        giver,
    )
    payload = one(database, "SELECT payload FROM megaplan_raw.deals WHERE id = %s", giver)
    (taken,) = [item for item in payload["positions"] if item["id"] == str(position)]
    deal = one(database, "SELECT payload FROM megaplan_raw.deals WHERE id = %s", taker)
    deal["positions"].append(taken)
    database.execute(
        "UPDATE megaplan_raw.deals SET payload = %s, content_hash = md5(%s::text) WHERE id = %s",
        (Jsonb(deal), Jsonb(deal), taker),
    )
    database.execute(
        "UPDATE megaplan_raw.deal_positions SET deal_id = %s, position = %s, name = 'by hand' WHERE id = %s",
        (taker, len(deal["positions"]) - 1, position),
    )
    rebuild("deals")
    assert one(
        database, "SELECT deal_id, name, deleted_at FROM megaplan_raw.deal_positions WHERE id = %s", position
    ) == (taker, taken["name"], None)
    assert counts(rebuild("deals")) == {}


@pytest.mark.usefixtures("lived")
def test_stages_stand_where_their_pipelines_say_and_lost_ones_are_reported(
    rebuild: Rebuild, database: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    before = copy_of(database, "pipeline_stages", "pipelines")
    database.execute(
        """UPDATE megaplan_raw.pipeline_stages SET deleted_at = now(), deletion_evidence = '{}', position = 9
        WHERE id = (SELECT min(id) FROM megaplan_raw.pipeline_stages WHERE deleted_at IS NULL)"""
    )
    database.execute(
        """INSERT INTO megaplan_raw.pipeline_stages (account, pipeline_id, position, payload, content_hash)
        SELECT account, pipeline_id, 50, changed.payload, md5(changed.payload::text)
        FROM megaplan_raw.pipeline_stages, jsonb_set(payload, '{id}', '"7"') AS changed (payload) LIMIT 1"""
    )
    stages = counts(rebuild("pipelines"))["pipeline_stages"]
    assert (stages.marked, stages.left) == (1, 0)
    evidence = one(
        database, "DELETE FROM megaplan_raw.pipeline_stages WHERE id = 7 RETURNING deletion_evidence - 'at'"
    )
    assert evidence == EVIDENCE
    assert copy_of(database, "pipeline_stages", "pipelines") == before

    database.execute(
        "DELETE FROM megaplan_raw.pipeline_stages WHERE id = (SELECT max(id) FROM megaplan_raw.pipeline_stages)"
    )
    database.execute("UPDATE megaplan_raw.pipelines SET is_active = NULL")
    assert counts(rebuild("pipelines"))["pipeline_stages"].left == 1
    assert "pipeline_stages of" in caplog.text
    assert "1 have no row" in caplog.text
    assert one(database, "SELECT count(is_active) FROM megaplan_raw.pipelines") == 0, (
        "it stands in no payload"
    )

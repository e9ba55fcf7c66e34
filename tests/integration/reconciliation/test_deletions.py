"""What was deleted in Megaplan without a word is marked with evidence; what returns is there again."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration import truth
from tests.integration.conftest import DEALS, list_requests
from tests.integration.reconciliation.conftest import Reconcile
from tests.integration.reconciliation.counted import (
    Counted,
    all_the_same,
    counted,
    delete_deals,
    deleted_ids,
    gone,
    present,
)

Sync = Callable[..., dict[str, EntityOutcome]]


@pytest.mark.parametrize("depth", ["ids", "full"])
def test_silently_deleted_deals_are_marked_with_evidence(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], depth: str
) -> None:
    positions_before = truth.loaded_positions(database)
    deals = delete_deals(megaplan, 12)
    positions = {id for id, row in positions_before.items() if row[0] in deals}
    assert positions, "some of them have goods"
    megaplan.control("requests", method="DELETE")
    began = datetime.now(UTC)

    certificates = loaded("deals", depth=depth, run_id="night 1")
    assert counted(certificates["deals"]) == gone(DEALS, 12)
    assert counted(certificates["deal_positions"]) == gone(len(positions_before), len(positions))
    assert {each.verdict for each in certificates.values()} == {"proven"}
    assert deleted_ids(database) == set(deals)
    assert deleted_ids(database, "deal_positions") == positions
    truth.assert_tables_are_megaplan(database, megaplan)
    evidence = dict(
        database.execute(
            "SELECT id, deletion_evidence FROM megaplan_raw.deals WHERE deleted_at IS NOT NULL"
        ).fetchall()
    )
    for identity, found in evidence.items():
        assert found["found_by"] == f"GET /deal/{identity}"
        assert found["status"] == 404
        assert found["run_id"] == "night 1"
        assert began <= datetime.fromisoformat(found["at"]) <= datetime.now(UTC)
    asked = [
        entry["path"] for entry in megaplan.control("requests") if entry["path"].startswith("/api/v3/deal/")
    ]
    assert sorted(asked) == sorted(f"/api/v3/deal/{identity}" for identity in deals), (
        "each was asked for once"
    )
    (with_reason,) = database.execute(
        """SELECT count(*) FROM megaplan_raw.deal_positions
        WHERE deletion_evidence ->> 'found_by' = 'its deal is gone'"""
    ).fetchone() or (None,)
    assert with_reason == len(positions)

    before = database.execute("SELECT array_agg(xmin::text ORDER BY id) FROM megaplan_raw.deals").fetchone()
    again = loaded("deals", depth=depth, run_id="night 2")
    assert counted(again["deals"]) == all_the_same(DEALS - 12)
    assert counted(again["deal_positions"]) == all_the_same(len(positions_before) - len(positions))
    after = database.execute("SELECT array_agg(xmin::text ORDER BY id) FROM megaplan_raw.deals").fetchone()
    assert after == before


def test_dropped_and_removed_contacts_are_marked_with_their_details(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    rows = len(truth.contacts(megaplan))
    points = present(database, "contact_points")
    dropped, removed, *_ = [
        int(card["id"])
        for card in megaplan.control("state?entity=contractors")
        if not card["isDropped"] and card["contactInfo"] and card["contentType"] == "ContractorHuman"
    ]
    megaplan.control(
        "mutate",
        [
            {"op": "delete_contractor", "id": dropped},
            {"op": "delete_contractor", "id": removed, "hard": True},
        ],
    )
    had = database.execute(
        "SELECT count(*) FROM megaplan_raw.contact_points WHERE contact_id = ANY (%s)", ([dropped, removed],)
    ).fetchone()
    certificates = loaded("contacts")
    assert counted(certificates["contacts"]) == gone(rows, 2)
    assert counted(certificates["contact_points"]) == gone(points, had[0] if had else 0)
    assert certificates["contacts"].verdict == "proven"
    evidence = dict(
        database.execute(
            "SELECT id, deletion_evidence FROM megaplan_raw.contacts WHERE id = ANY (%s)",
            ([dropped, removed],),
        ).fetchall()
    )
    assert (evidence[dropped]["status"], evidence[dropped]["isDropped"]) == (200, True)
    assert evidence[removed]["status"] == 404
    assert truth.loaded_contacts(database) == truth.contacts(megaplan)
    assert counted(loaded("contacts")["contacts"]) == all_the_same(rows - 2)


@pytest.mark.parametrize(
    ("table", "route", "status"),
    [
        ("employees", "/employee", 404),
        ("pipelines", "/program", 404),
        ("advertising_ways", "/contractorAdvertisingWay", None),  # has no cards: looked for twice
    ],
)
def test_rows_that_a_directory_does_not_have(
    loaded: Reconcile,
    megaplan: EmulatedMegaplan,
    database: Connection[Any],
    table: str,
    route: str,
    status: int | None,
) -> None:
    """The emulated account cannot remove employees and pipelines, so the table is given one too many."""
    rows = present(database, table)
    database.execute(
        f"""INSERT INTO megaplan_raw.{table} (account, payload, content_hash)
        SELECT account, '{{"id": "987654321"}}', 'x' FROM megaplan_sync.accounts"""
    )
    certificate = loaded(table, run_id="night 1")[table]
    assert counted(certificate) == gone(rows + 1, 1)
    assert certificate.verdict == "proven"
    assert deleted_ids(database, table) == {987654321}
    (evidence,) = database.execute(
        f"SELECT deletion_evidence FROM megaplan_raw.{table} WHERE deleted_at IS NOT NULL"
    ).fetchone() or ({},)
    assert evidence.get("status") == status
    assert evidence["found_by"].startswith(f"GET {route}")
    assert evidence["at"]
    assert evidence["run_id"] == "night 1"
    assert counted(loaded(table)[table]) == all_the_same(rows)


def test_a_removed_advertising_way_is_marked(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    rows = present(database, "advertising_ways")
    way = megaplan.control("state?entity=advertising_ways")[-1]["id"]
    megaplan.control("mutate", {"op": "remove_advertising_way", "id": way})
    megaplan.control("requests", method="DELETE")
    assert counted(loaded("advertising_ways")["advertising_ways"]) == gone(rows, 1)
    assert len(list_requests(megaplan, "/contractorAdvertisingWay")) == 2, "nothing is gone at first sight"
    assert deleted_ids(database, "advertising_ways") == {int(way)}


def test_most_of_a_directory_without_cards_is_not_believed_to_be_gone(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    rows = present(database, "advertising_ways")
    ids = [row["id"] for row in megaplan.control("state?entity=advertising_ways")]
    megaplan.control("mutate", {"op": "shrink_list", "entity": "advertising_ways", "ids": ids[1:]})
    certificate = loaded("advertising_ways")["advertising_ways"]
    assert certificate.verdict == "unresolved"
    assert counted(certificate) == gone(rows, rows - 1, deleted=0)
    assert certificate.proposal == 1
    assert deleted_ids(database, "advertising_ways") == set()
    megaplan.control("mutate", {"op": "shrink_list", "restore": True})
    assert counted(loaded("advertising_ways")["advertising_ways"]) == all_the_same(rows)


@pytest.mark.parametrize("depth", ["ids", "full"])
def test_a_deleted_deal_returns(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], depth: str
) -> None:
    """Its change time has not moved, so no sync can see it."""
    positions = present(database, "deal_positions")
    deals = delete_deals(megaplan, 3)
    loaded("deals")
    with_positions = positions - present(database, "deal_positions")
    megaplan.control("mutate", {"op": "restore_deals", "ids": deals})
    certificates = loaded("deals", depth=depth)
    assert counted(certificates["deals"]) == Counted(DEALS - 3, DEALS, DEALS - 3, missing=3, repaired=3)
    assert certificates["deal_positions"].missing == certificates["deal_positions"].repaired == with_positions
    assert certificates["deals"].verdict == "proven"
    assert deleted_ids(database) == set()
    (evidence,) = database.execute("SELECT count(deletion_evidence) FROM megaplan_raw.deals").fetchone() or (
        1,
    )
    assert evidence == 0
    truth.assert_tables_are_megaplan(database, megaplan)
    versions = database.execute(
        """SELECT deal_id, valid_to IS NULL, payload IS NOT NULL FROM megaplan_raw.deal_versions
        WHERE deal_id = ANY (%s) ORDER BY deal_id, valid_from""",
        (deals,),
    ).fetchall()
    assert versions == [row for deal in sorted(deals) for row in ((deal, False, True), (deal, True, False))]
    assert counted(loaded("deals", depth=depth)["deals"]) == all_the_same(DEALS)


def test_a_returned_deal_whose_change_time_moved_is_found_by_the_sync(
    loaded: Reconcile, sync: Sync, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    deals = delete_deals(megaplan, 2)
    loaded("deals")
    megaplan.control("mutate", {"op": "restore_deals", "ids": deals, "touch": True})
    sync("deals")
    assert deleted_ids(database) == set()
    assert counted(loaded("deals")["deals"]) == all_the_same(DEALS)
    truth.assert_tables_are_megaplan(database, megaplan)


@pytest.mark.parametrize(
    ("gone_cursor", "inclusive"),
    [("404", False), ("422", False), ("empty", False), ("restart", False), ("restart", True)],
)
def test_the_row_under_the_cursor_deleted_while_the_sweep_runs(
    loaded: Reconcile,
    megaplan: EmulatedMegaplan,
    database: Connection[Any],
    gone_cursor: str,
    inclusive: bool,
) -> None:
    """It was seen before it was deleted, so it is the next night's; no other row may be lost or doubted."""
    megaplan.control("knobs", {"gone_cursor": gone_cursor, "page_after_inclusive": inclusive})
    megaplan.control("requests", method="DELETE")
    loaded("deals", page_size=50)
    asked = [entry["args"] for entry in list_requests(megaplan, "/deal")]
    cursor = int(asked[3]["pageAfter"]["id"])
    after = {"path": "/deal", "method": "GET", "nth": 3}
    megaplan.control("mutate", {"op": "delete_deals", "ids": [cursor], "after": after})
    certificate = loaded("deals", page_size=50)["deals"]
    assert megaplan.control("mutate") == {"failures": []}
    assert cursor not in truth.deals(megaplan)
    assert certificate.verdict == "proven"
    assert counted(certificate) == all_the_same(DEALS)
    assert counted(loaded("deals", page_size=50)["deals"]) == gone(DEALS, 1)
    assert deleted_ids(database) == {cursor}
    truth.assert_tables_are_megaplan(database, megaplan)


def test_deals_created_and_lists_reordered_while_the_sweep_runs(
    loaded: Reconcile, sync: Sync, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    after = {"path": "/deal", "method": "GET", "nth": 3}
    megaplan.control(
        "mutate",
        [
            {"op": "reorder", "seed": 5, "entity": "deals", "after": after},
            {"op": "create_deal", "fields": {"name": "Создана во время обхода"}, "after": after},
            {"op": "touch_many", "count": 30, "seed": 2, "after": after},
        ],
    )
    certificates = loaded("deals", page_size=50)
    assert certificates["deals"].verdict == "proven"
    assert (certificates["deals"].missing, certificates["deals"].repaired) == (
        1,
        1 + certificates["deals"].stale,
    )
    assert certificates["deals"].extra == 0
    assert megaplan.control("mutate") == {"failures": []}
    sync("deals")
    truth.assert_tables_are_megaplan(database, megaplan)
    assert counted(loaded("deals")["deals"]) == all_the_same(DEALS + 1)

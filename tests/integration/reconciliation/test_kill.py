"""kill -9 at any moment, then a retry: the right end state, and one certificate as if nothing had happened."""

from collections.abc import Callable
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from tests.integration import truth
from tests.integration.conftest import DEALS
from tests.integration.reconciliation.conftest import Reconcile
from tests.integration.reconciliation.counted import (
    Counted,
    all_the_same,
    counted,
    delete_deals,
    deleted_ids,
    gone,
    present,
    proposals,
)
from tests.integration.sudden_death import work_until_killed

Kill = Callable[..., None]

MOMENTS = {
    "while the audit is noted": "before 4 UPDATE megaplan_sync.reconciliations",
    "between two pages of the first table": "request 5",
    "with a page half noted": "after 5 INSERT INTO megaplan_sync.swept_rows",
    "with the comparison not committed": "after 2 megaplan_sync.compare_sweep",
    "between two pages of the second table": "request 13",
    "with a repair not committed": "after 3 INSERT INTO megaplan_sync.findings AS known",
    "between two deletions": "before 3 megaplan_sync.mark_deleted",
    "with a deletion not committed": "after 2 child.deal_id = ANY",
    "before the certificates": "before 1 INSERT INTO megaplan_raw.certificates",
    "with half of the certificates": "after 2 INSERT INTO megaplan_raw.certificates",
}


@pytest.fixture
def kill(connect: Callable[..., str], database_uri: str) -> Kill:
    """Reconcile in a process that dies at a moment."""

    def run(moment: str, *entities: str, run_id: str, depth: str = "ids") -> None:
        connect(page_size=50)
        work_until_killed(
            database_uri,
            moment,
            lambda hook, session: AccountReconciliation(hook, session, run_id=run_id, depth=depth).run(
                entities
            ),
        )

    return run


class Differences:
    """Ten deals are deleted, six change, two are new; a contact changes."""

    def __init__(self, megaplan: EmulatedMegaplan, database: Connection[Any]) -> None:
        positions = truth.loaded_positions(database)
        contacts = present(database, "contacts")
        self.deleted = set(delete_deals(megaplan, 10))
        megaplan.control("mutate", {"op": "touch_many", "count": 6, "seed": 4})
        for _ in range(2):
            megaplan.control("mutate", {"op": "create_deal", "fields": {"name": "Новая"}})
        contact = megaplan.control("state?entity=contractors&limit=1")[0]["id"]
        changed = {
            "op": "update_contractor",
            "id": contact,
            "fields": {"description": "Новое"},
            "touch": True,
        }
        megaplan.control("mutate", changed)
        now = truth.positions(megaplan)
        lost = len(positions.keys() - now.keys())
        new = len(now.keys() - positions.keys())
        self.expected = {
            "deals": Counted(
                DEALS, DEALS - 8, DEALS - 16, missing=2, stale=6, extra=10, repaired=8, deleted=10
            ),
            "deal_positions": Counted(
                len(positions),
                len(now),
                len(positions) - lost,
                missing=new,
                extra=lost,
                repaired=new,
                deleted=lost,
            ),
            "contacts": Counted(contacts, contacts, contacts - 1, stale=1, repaired=1),
        }


def certified(database: Connection[Any], run_id: str) -> list[tuple[str, int]]:
    return database.execute(
        "SELECT entity, count(*) FROM megaplan_raw.certificates WHERE run_id = %s GROUP BY entity ORDER BY entity",
        (run_id,),
    ).fetchall()


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_killed_run_is_retried(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], kill: Kill, moment: str
) -> None:
    differences = Differences(megaplan, database)
    kill(moment, "contacts", "deals", run_id="killed")
    assert certified(database, "killed") == [], "none that is half written"
    certificates = loaded("contacts", "deals", run_id="killed", page_size=50)
    for name, expected in differences.expected.items():
        assert counted(certificates[name]) == expected, name
    assert {each.verdict for each in certificates.values()} == {"proven"}
    assert {each.reason for each in certificates.values()} == {None}
    assert deleted_ids(database) == differences.deleted
    truth.assert_tables_are_megaplan(database, megaplan)
    tables = ["contact_points", "contacts", "deal_positions", "deals"]
    assert certified(database, "killed") == [(name, 1) for name in tables]


@pytest.mark.parametrize(
    "moment", ["after 1 rederive_columns", "after 1 INSERT INTO megaplan_raw.deal_positions AS present"]
)
def test_an_audit_is_killed(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], kill: Kill, moment: str
) -> None:
    edited = database.execute(
        "UPDATE megaplan_raw.deal_positions SET name = 'by hand' WHERE deleted_at IS NULL AND id % 7 = 0"
    ).rowcount
    kill(moment, "deals", run_id="killed")
    certificates = loaded("deals", run_id="killed", page_size=50)
    positions = certificates["deal_positions"]
    assert (positions.verdict, positions.stale, positions.repaired) == ("proven", edited, edited)
    assert counted(certificates["deals"]) == all_the_same(DEALS)
    assert truth.loaded_positions(database) == truth.positions(megaplan)


def test_a_killed_run_is_followed_by_another_one(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], kill: Kill
) -> None:
    differences = Differences(megaplan, database)
    kill(MOMENTS["between two deletions"], "contacts", "deals", run_id="killed")
    assert len(deleted_ids(database)) == 2
    certificates = loaded("contacts", "deals", run_id="another", page_size=50)
    assert counted(certificates["deals"]) == gone(DEALS, 8), "what the first one had repaired is equal now"
    assert {each.verdict for each in certificates.values()} == {"proven"}
    assert deleted_ids(database) == differences.deleted
    truth.assert_tables_are_megaplan(database, megaplan)
    assert certified(database, "killed") == []


def test_a_full_comparison_is_killed_between_two_pages(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], kill: Kill
) -> None:
    differences = Differences(megaplan, database)
    kill("request 9", "deals", run_id="killed", depth="full")
    certificates = loaded("deals", run_id="killed", depth="full", page_size=50)
    assert counted(certificates["deals"]) == differences.expected["deals"]
    assert certificates["deals"].verdict == "proven"
    assert truth.loaded_deals(database) == truth.deals(megaplan)
    assert truth.loaded_positions(database) == truth.positions(megaplan)


@pytest.mark.parametrize(
    "moment",
    [
        "after 1 INSERT INTO megaplan_sync.deletion_proposals",
        "before 1 FILTER (WHERE finding = 'missing'",  # the counts: the proposal is stored, the verdict is not
        "before 1 INSERT INTO megaplan_raw.certificates",
    ],
)
def test_a_proposal_outlives_the_run_that_made_it(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], kill: Kill, moment: str
) -> None:
    delete_deals(megaplan, 30)
    kill(moment, "deals", run_id="killed")
    stored = proposals(database)
    number = 2 if moment.startswith("after") else 1
    assert len(stored) == number % 2, "numbers that were not committed are left out"
    for run_id in ("killed", "another"):
        certificate = loaded("deals", run_id=run_id, page_size=50)["deals"]
        assert counted(certificate) == gone(DEALS, 30, deleted=0)
        assert (certificate.verdict, certificate.proposal) == ("unresolved", number)
        assert proposals(database) == [(number, "deletion", "open", 30, 30)]


def test_a_second_look_at_an_incomplete_list_is_killed(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], kill: Kill
) -> None:
    """What the first look had missed must not be forgotten, nor be believed to be gone."""
    gone_for_good = delete_deals(megaplan, 3)
    ((left_out),) = megaplan.control("mutate", {"op": "shrink_list", "count": 60, "seed": 1})
    kill("before 9 INSERT INTO megaplan_sync.swept_rows", "deals", run_id="killed")
    megaplan.control("mutate", {"op": "shrink_list", "restore": True})
    certificate = loaded("deals", run_id="killed", page_size=50)["deals"]
    assert (certificate.verdict, counted(certificate)) == ("proven", gone(DEALS, 3))
    assert deleted_ids(database) == set(gone_for_good)
    assert len(left_out["ids"]) == 60

"""More rows than the brake allows wait for a person, who approves them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan, emulated_megaplan
from demo.processes import free_port
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.certificate import Certificate
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from megaplan_sync.reconciliation.proposal_text import question, subject
from megaplan_sync.reconciliation.proposals import find_proposal
from tests.integration import truth
from tests.integration.conftest import DEALS, UNHURRIED
from tests.integration.reconciliation.conftest import Reconcile
from tests.integration.reconciliation.counted import (
    all_the_same,
    counted,
    delete_deals,
    deleted_ids,
    gone,
    proposals,
)

FIVE_PER_CENT = 21


@pytest.mark.parametrize(
    ("vanished", "brake", "marked"),
    [
        (20, 1, True),  # 1 % is four rows, but twenty may always vanish
        (21, 1, False),
        (20, 0, True),
        (42, 10, True),  # exactly ten per cent
        (43, 10, False),
        (29, 7, True),  # seven per cent are 29.4
        (30, 7, False),
    ],
)
def test_the_brake_at_its_edge(
    loaded: Reconcile,
    megaplan: EmulatedMegaplan,
    database: Connection[Any],
    vanished: int,
    brake: float,
    marked: bool,
) -> None:
    deals = delete_deals(megaplan, vanished)
    certificate = loaded("deals", deletion_brake=brake)["deals"]
    assert counted(certificate) == gone(DEALS, vanished, vanished if marked else 0)
    assert certificate.verdict == ("proven" if marked else "unresolved")
    assert certificate.is_good is marked
    assert deleted_ids(database) == (set(deals) if marked else set())
    assert proposals(database) == ([] if marked else [(1, "deletion", "open", vanished, vanished)])


def test_the_life_of_a_proposal(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    first = delete_deals(megaplan, FIVE_PER_CENT)
    certificate = loaded("deals")["deals"]
    assert certificate.proposal == 1
    assert certificate.reason is not None
    assert "21 of 420 deals vanished at once (the brake allows 20)" in certificate.reason
    assert "Approve or reject proposal 1 under Required Actions" in certificate.reason
    assert deleted_ids(database) == set()

    fresh = delete_deals(megaplan, 3, seed=2)
    megaplan.control("requests", method="DELETE")
    night = loaded("deals")["deals"]
    assert counted(night) == gone(DEALS, FIVE_PER_CENT + 3, deleted=3), (
        "a waiting proposal stops no later night"
    )
    assert night.proposal == 1, "the number stays"
    assert night.verdict == "unresolved"
    assert proposals(database) == [(1, "deletion", "open", FIVE_PER_CENT, FIVE_PER_CENT)]
    assert deleted_ids(database) == set(fresh)
    asked = [entry for entry in megaplan.control("requests") if entry["path"].startswith("/api/v3/deal/")]
    assert len(asked) == 3, "what waits is not asked for every night"

    returned, meanwhile = first[:4], delete_deals(megaplan, 2, seed=3)
    megaplan.control("mutate", {"op": "restore_deals", "ids": returned})
    approval = loaded("deals", approved=(1,), run_id="approval")["deals"]
    assert counted(approval) == gone(DEALS - 3, FIVE_PER_CENT - 4 + 2)
    assert approval.verdict == "proven"
    assert deleted_ids(database) == {*first[4:], *fresh, *meanwhile}
    assert proposals(database) == [(1, "deletion", "settled", FIVE_PER_CENT, 0)]
    truth.assert_tables_are_megaplan(database, megaplan)
    marked = database.execute(
        "SELECT id FROM megaplan_raw.deals WHERE deletion_evidence ->> 'approved_proposal' = '1'"
    ).fetchall()
    assert {identity for (identity,) in marked} == set(first[4:]), "exactly those of the proposal"
    assert counted(loaded("deals")["deals"]) == all_the_same(DEALS - 3 - (FIVE_PER_CENT - 4) - 2)


def test_a_proposal_is_withdrawn_when_all_its_rows_return(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    deals = delete_deals(megaplan, FIVE_PER_CENT)
    loaded("deals")
    megaplan.control("mutate", {"op": "restore_deals", "ids": deals})
    certificate = loaded("deals")["deals"]
    assert (certificate.verdict, certificate.proposal) == ("proven", None)
    assert counted(certificate) == all_the_same(DEALS)
    assert proposals(database) == [(1, "deletion", "withdrawn", FIVE_PER_CENT, 0)]


def test_the_question_lists_the_rows_with_their_names_and_is_bounded(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    ids = sorted(delete_deals(megaplan, 60))
    database.execute(
        """UPDATE megaplan_raw.deals SET payload = payload || '{"name": "a|b <script>\\n*c* [d](http://e)"}'
        WHERE id = %s""",
        (ids[0],),
    )
    loaded("deals")
    proposal = find_proposal(database, 1)
    assert subject(proposal).startswith("Proposal 1: mark 60 of 420 deals of ")
    lines = question(database, proposal).splitlines()
    rows = [line for line in lines if line.startswith("| ") and "| id |" not in line]
    assert [int(row.split("|")[1]) for row in rows] == ids[:50]
    assert rows[0] == rf"| {ids[0]} | a\|b \<script\> \*c\* \[d\]\(http://e\) |"
    assert "Rows of `megaplan_raw.deals`: 60" in lines
    assert lines[-1].startswith("… and 10 more: `SELECT id FROM megaplan_sync.proposed_rows WHERE number = 1")


def test_several_proposals_are_approved_at_once(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    first = delete_deals(megaplan, 25)
    loaded("deals")
    second = delete_deals(megaplan, 30, seed=2)
    waiting = loaded("deals")["deals"]
    assert counted(waiting) == gone(DEALS, 55, deleted=0)
    assert [row[0] for row in proposals(database)] == [1, 2]
    approval = loaded("deals", approved=(1, 2))["deals"]
    assert counted(approval) == gone(DEALS, 55)
    assert deleted_ids(database) == {*first, *second}
    assert [row[2] for row in proposals(database)] == ["settled", "settled"]


def test_approving_one_of_two_proposals_marks_only_its_rows(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    delete_deals(megaplan, 25)
    loaded("deals")
    second = delete_deals(megaplan, 30, seed=2)
    loaded("deals")
    approval = loaded("deals", approved=(2,))["deals"]
    assert counted(approval) == gone(DEALS, 55, deleted=30)
    assert deleted_ids(database) == set(second)
    assert approval.proposal == 1
    assert [row[2] for row in proposals(database)] == ["open", "settled"]


def test_rows_that_turn_out_to_be_hidden_leave_an_approved_deletion_for_one_other_proposal(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    """Approving a deletion does not approve the marking of rows that exist."""
    deals = delete_deals(megaplan, FIVE_PER_CENT)
    loaded("deals")
    megaplan.control("mutate", {"op": "restore_deals", "ids": deals[:2]})
    megaplan.control("mutate", {"op": "revoke_visibility", "ids": deals[:2]})
    approval = loaded("deals", approved=(1,))["deals"]
    assert deleted_ids(database) == set(deals[2:])
    assert (approval.proposal, approval.unresolved) == (2, 2)
    for _ in range(2):
        assert loaded("deals")["deals"].proposal == 2, "one proposal, not one more each night"
    assert proposals(database) == [
        (1, "deletion", "settled", FIVE_PER_CENT, 0),
        (2, "visibility", "open", 2, 2),
    ]


def test_an_incomplete_list_withdraws_no_proposal(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    delete_deals(megaplan, FIVE_PER_CENT)
    loaded("deals")
    megaplan.control("mutate", {"op": "shrink_list", "count": 50, "seed": 4})
    assert loaded("deals")["deals"].verdict == "stopped"
    assert proposals(database) == [(1, "deletion", "open", FIVE_PER_CENT, FIVE_PER_CENT)]
    megaplan.control("mutate", {"op": "shrink_list", "restore": True})
    assert counted(loaded("deals")["deals"]) == gone(DEALS, FIVE_PER_CENT, deleted=0)
    assert len(proposals(database)) == 1


def test_the_same_run_once_more_tells_of_the_same_proposal(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    """A person clears the task of a red run, and nothing has changed since."""
    delete_deals(megaplan, FIVE_PER_CENT)
    first = loaded("deals", run_id="one")["deals"]
    second = loaded("deals", run_id="one")["deals"]
    assert counted(second) == counted(first) == gone(DEALS, FIVE_PER_CENT, deleted=0)
    assert second.proposal == first.proposal == 1
    assert proposals(database) == [(1, "deletion", "open", FIVE_PER_CENT, FIVE_PER_CENT)]


def test_the_same_run_once_more_with_the_cause_removed(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    deals = delete_deals(megaplan, FIVE_PER_CENT)
    assert loaded("deals", run_id="one")["deals"].verdict == "unresolved"
    megaplan.control("mutate", {"op": "restore_deals", "ids": deals})
    certificate = loaded("deals", run_id="one")["deals"]
    assert counted(certificate) == all_the_same(DEALS)
    assert (certificate.verdict, certificate.reason, certificate.proposal) == ("proven", None, None)
    (rows,) = database.execute(
        "SELECT count(*) FROM megaplan_raw.certificates WHERE run_id = 'one'"
    ).fetchone() or (None,)
    assert rows == 2, "deals and their positions, once each"


def test_the_same_run_once_more_looks_anew_at_what_it_had_settled(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    """Before a red run is cleared, days may pass, in which anything happens to rows that it had dealt with."""
    waiting = delete_deals(megaplan, FIVE_PER_CENT)
    loaded("deals")
    marked = delete_deals(megaplan, 4, seed=2)
    renamed = list(truth.deals(megaplan))[:2]
    rename(megaplan, renamed)
    red = loaded("deals", run_id="red")["deals"]
    assert (red.deleted, red.stale, red.repaired, red.verdict) == (4, 2, 2, "unresolved")

    megaplan.control("mutate", {"op": "restore_deals", "ids": [*waiting, *marked]})
    rename(megaplan, renamed[:1])
    megaplan.control("mutate", {"op": "delete_deals", "ids": renamed[1:]})
    again = loaded("deals", run_id="red")["deals"]
    assert (again.verdict, again.unresolved) == ("proven", 0)
    assert again.in_megaplan == len(truth.deals(megaplan)) == DEALS - 1
    assert deleted_ids(database) == set(renamed[1:])
    truth.assert_tables_are_megaplan(database, megaplan)


def rename(megaplan: EmulatedMegaplan, deals: list[int]) -> None:
    fields = {"name": "Переименована между попытками"}
    megaplan.control(
        "mutate", [{"op": "update_deal", "id": id, "fields": fields, "touch": True} for id in deals]
    )


@pytest.fixture(scope="module")
def other_megaplan(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedMegaplan]:
    log = tmp_path_factory.mktemp("other") / "megaplan.log"
    with emulated_megaplan(free_port(0), 60, log, ["--knob", "rps=0", "--knob", "rph=0"]) as emulator:
        yield emulator


def test_an_account_whose_proposal_waits_stops_no_other(
    loaded: Reconcile,
    megaplan: EmulatedMegaplan,
    other_megaplan: EmulatedMegaplan,
    database: Connection[Any],
    database_uri: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def reconcile_other() -> Certificate:
        hook = MegaplanHook("other", sleep=lambda seconds: None)
        with Session.open(database_uri) as connection:
            account = AccountReconciliation(hook, connection, run_id="shared", depth="ids")
            return next(each for each in account.run(["deals"]) if each.entity == "deals")

    monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(other_megaplan.connection(**UNHURRIED)))
    with Session.open(database_uri) as connection:
        AccountSync(MegaplanHook("other"), connection, run_id="load").run(["deals"], full_refresh=False)
    delete_deals(megaplan, FIVE_PER_CENT)
    removed = delete_deals(other_megaplan, 2)
    assert loaded("deals", run_id="shared")["deals"].verdict == "unresolved"
    certificate = reconcile_other()
    assert (certificate.verdict, certificate.deleted, certificate.proposal) == ("proven", 2, None)
    assert deleted_ids(database) == set(removed), (
        "and nothing of the first account, although ids may be equal"
    )
    (accounts,) = database.execute(
        "SELECT count(DISTINCT account) FROM megaplan_raw.certificates WHERE run_id = 'shared'"
    ).fetchone() or (None,)
    assert accounts == 2

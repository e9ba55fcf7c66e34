"""A user who sees less than before is reported as that; rows that are out of sight are never marked unasked."""

from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from tests.integration import truth
from tests.integration.conftest import DEALS
from tests.integration.reconciliation.conftest import Reconcile
from tests.integration.reconciliation.counted import (
    all_the_same,
    counted,
    delete_deals,
    deleted_ids,
    gone,
    present,
    proposals,
)

HALF = DEALS // 2


def revoke(megaplan: EmulatedMegaplan, **what: Any) -> list[int]:
    ((hidden),) = megaplan.control("mutate", {"op": "revoke_visibility", **what})
    return [int(identity) for identity in hidden["ids"]]


def restore(megaplan: EmulatedMegaplan) -> None:
    revoke(megaplan, restore=True)


@pytest.mark.parametrize("answer", ["403", "404"])
def test_half_of_the_deals_out_of_sight(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], answer: str
) -> None:
    megaplan.control("knobs", {"hidden_deal": answer})
    revoke(megaplan, share=0.5, seed=1)
    certificate = loaded("deals")["deals"]
    assert certificate.verdict == "unresolved"
    assert counted(certificate) == gone(DEALS, HALF, deleted=0)
    assert certificate.reason is not None
    assert "loss of visibility" in certificate.reason
    assert f"20 × {answer}" in certificate.reason or f"0 × 404, 20 × {answer}" in certificate.reason
    assert "Restore its rights" in certificate.reason
    assert deleted_ids(database) == set()
    assert proposals(database) == [(1, "visibility", "open", HALF, HALF)]

    restore(megaplan)
    assert counted(loaded("deals")["deals"]) == all_the_same(DEALS)
    assert proposals(database) == [(1, "visibility", "withdrawn", HALF, 0)]
    truth.assert_tables_are_megaplan(database, megaplan)


def test_a_single_deal_out_of_sight_is_neither_deleted_nor_passed_over(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    revoke(megaplan, count=1, seed=3)
    removed = delete_deals(megaplan, 2)
    certificate = loaded("deals")["deals"]
    assert counted(certificate) == gone(DEALS, 3, deleted=2)
    assert certificate.verdict == "unresolved"
    assert certificate.reason is not None
    assert "403 for 1 of 420 deals" in certificate.reason
    assert "can no longer see them" in certificate.reason
    assert deleted_ids(database) == set(removed)
    assert proposals(database) == [(1, "visibility", "open", 1, 1)]
    again = loaded("deals")["deals"]
    assert (again.proposal, counted(again)) == (1, gone(DEALS - 2, 1, deleted=0))
    restore(megaplan)
    assert counted(loaded("deals")["deals"]) == all_the_same(DEALS - 2)


def test_changed_rights_make_a_few_vanished_rows_suspicious(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    """Fewer rows than the brake allows, all with 404: without the user's card they would pass for deletions."""
    assert all(certificate.verdict == "proven" for certificate in loaded().values())
    megaplan.control("knobs", {"hidden_deal": "404"})
    revoke(megaplan, count=5, seed=2, rights=True)
    certificate = loaded("deals")["deals"]
    assert counted(certificate) == gone(DEALS, 5, deleted=0)
    assert certificate.reason is not None
    assert "loss of visibility" in certificate.reason
    assert "possibleActions lost" in certificate.reason
    assert "department was" in certificate.reason
    assert "position" not in certificate.reason
    assert deleted_ids(database) == set()
    assert proposals(database) == [(1, "visibility", "open", 5, 5)]
    restore(megaplan)
    assert counted(loaded("deals")["deals"]) == all_the_same(DEALS)
    assert proposals(database)[0][2] == "withdrawn"


def test_another_job_title_or_name_of_the_department_is_no_loss_of_rights(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    """Every night with a deletion was red from then on."""
    loaded()
    user = megaplan.control("state")["user"]
    (card,) = [card for card in megaplan.control("state?entity=employees") if card["id"] == user]
    megaplan.control(
        "mutate",
        [
            {"op": "update_employee", "id": user, "fields": {"position": "Директор по всему"}},
            {"op": "rename_department", "id": card["department"]["id"], "name": "Другой отдел"},
            {"op": "rename_employee", "id": user, "name": "Иная Фамилия"},
        ],
    )
    removed = delete_deals(megaplan, 3)
    assert counted(loaded("deals")["deals"]) == gone(DEALS, 3)
    assert deleted_ids(database) == set(removed)


def test_an_approval_accepts_the_rights_as_well(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    """Otherwise each night with a deletion would need another approval."""
    loaded()
    revoke(megaplan, rights=True)
    first = set(delete_deals(megaplan, 3, seed=1))
    certificate = loaded("deals")["deals"]
    assert certificate.reason is not None
    assert "If they are as intended, approve the proposal" in certificate.reason
    assert deleted_ids(database) == set()
    second = set(delete_deals(megaplan, 3, seed=2))
    assert loaded("deals", approved=(1,))["deals"].verdict == "proven"
    assert deleted_ids(database) == first | second
    third = set(delete_deals(megaplan, 3, seed=3))
    assert loaded("deals")["deals"].verdict == "proven"
    assert deleted_ids(database) == first | second | third


def test_a_run_that_does_not_look_at_deals_does_not_get_used_to_lost_rights(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    loaded()
    megaplan.control("knobs", {"hidden_deal": "404"})
    revoke(megaplan, count=5, seed=2, rights=True)
    assert loaded("currencies")["currencies"].verdict == "proven"
    assert loaded("deals")["deals"].verdict == "unresolved"
    assert deleted_ids(database) == set()


def test_changed_rights_that_hide_nothing_are_the_rights_from_now_on(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    loaded()
    revoke(megaplan, rights=True)
    assert all(certificate.verdict == "proven" for certificate in loaded().values())
    removed = delete_deals(megaplan, 3)
    assert counted(loaded("deals")["deals"]) == gone(DEALS, 3)
    assert deleted_ids(database) == set(removed)


def test_a_user_that_is_no_longer_returned_has_lost_rights(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    loaded()
    delete_deals(megaplan, 3)
    fault = {"kind": "500", "status": 403, "path": "/currentUser", "exact": True}
    megaplan.control("faults", fault)
    certificate = loaded("deals")["deals"]
    assert certificate.verdict == "unresolved"
    assert certificate.reason is not None
    assert "does not return the user" in certificate.reason
    assert deleted_ids(database) == set()


def test_a_user_that_was_never_returned_has_lost_nothing(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    megaplan.control("faults", {"kind": "500", "status": 404, "path": "/currentUser", "exact": True})
    for night in (1, 2):
        removed = delete_deals(megaplan, 3, seed=night)
        assert loaded("deals")["deals"].verdict == "proven"
        assert deleted_ids(database) >= set(removed)


@pytest.mark.parametrize("answer", ["403", "404"])
def test_contacts_out_of_sight(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], answer: str
) -> None:
    rows = present(database, "contacts")
    megaplan.control("knobs", {"hidden_contractor": answer})
    hidden = revoke(megaplan, entity="contractors", count=60, seed=2)
    certificate = loaded("contacts")["contacts"]
    assert counted(certificate) == gone(rows, len(hidden), deleted=0)
    assert certificate.reason is not None
    assert "loss of visibility" in certificate.reason
    assert deleted_ids(database, "contacts") == set()
    restore(megaplan)
    assert counted(loaded("contacts")["contacts"]) == all_the_same(rows)


def test_what_a_person_approves_is_marked_although_it_is_only_out_of_sight(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    hidden = revoke(megaplan, count=30, seed=2)
    loaded("deals")
    approval = loaded("deals", approved=(1,))["deals"]
    assert counted(approval) == gone(DEALS, 30)
    assert deleted_ids(database) == set(hidden)
    restore(megaplan)
    back = loaded("deals")["deals"]
    assert (back.missing, back.repaired, back.verdict) == (30, 30, "proven")
    truth.assert_tables_are_megaplan(database, megaplan)


@pytest.mark.parametrize("depth", ["ids", "full"])
def test_a_shrunken_list_is_an_error(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], depth: str
) -> None:
    megaplan.control("mutate", {"op": "shrink_list", "share": 0.5, "seed": 1})
    certificates = loaded("deals", depth=depth)
    certificate = certificates["deals"]
    assert certificate.verdict == certificates["deal_positions"].verdict == "stopped"
    assert (certificate.same, certificate.in_megaplan, certificate.proposal) == (None, None, None)
    assert certificate.unresolved == HALF
    assert certificate.reason is not None
    assert "lacks 210 rows, but 20 of 20 exist by id" in certificate.reason
    assert deleted_ids(database) == set()
    assert proposals(database) == []

    megaplan.control("mutate", {"op": "shrink_list", "restore": True})
    assert counted(loaded("deals", depth=depth)["deals"]) == all_the_same(DEALS)


def test_a_list_that_is_shrunken_for_a_moment_only_is_read_once_more(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    megaplan.control("mutate", {"op": "shrink_list", "share": 0.5, "seed": 1})
    after = {"path": "/deal", "method": "GET", "nth": 3}
    megaplan.control("mutate", {"op": "shrink_list", "restore": True, "after": after})
    certificate = loaded("deals")["deals"]
    assert certificate.verdict == "proven"
    assert counted(certificate) == all_the_same(DEALS)
    assert deleted_ids(database) == set()


def test_a_few_rows_that_the_list_leaves_out_are_found_by_asking_for_them(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    """One of them has also changed: no sync can see that, but the card shows it."""
    ((left_out),) = megaplan.control("mutate", {"op": "shrink_list", "count": 10, "seed": 1})
    changed = {"op": "update_deal", "id": left_out["ids"][0], "fields": {"name": "Вне списка"}, "touch": True}
    megaplan.control("mutate", changed)
    certificate = loaded("deals")["deals"]
    assert certificate.verdict == "proven"
    assert (certificate.extra, certificate.stale, certificate.repaired) == (0, 1, 1)
    assert deleted_ids(database) == set()
    truth.assert_tables_are_megaplan(database, megaplan)


@pytest.mark.parametrize("entity", ["deals", "contacts", "employees", "advertising_ways", "pipelines"])
def test_an_empty_list_is_an_error(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], entity: str
) -> None:
    rows = present(database, entity)
    emptied = {"contacts": "contractors", "pipelines": "programs"}.get(entity, entity)
    megaplan.control("mutate", {"op": "empty_list", "entity": emptied})
    certificate = loaded(entity)[entity]
    assert certificate.verdict == "stopped"
    assert certificate.reason is not None
    assert f"empty list of {entity}" in certificate.reason
    assert f"where the table has {rows} rows. Nothing was marked as deleted" in certificate.reason
    assert deleted_ids(database, entity) == set()
    megaplan.control("mutate", {"op": "empty_list", "entity": emptied, "restore": True})
    certificate = loaded(entity)[entity]
    assert (certificate.verdict, counted(certificate)) == ("proven", all_the_same(rows))


def test_an_account_without_companies_is_no_empty_list(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], sync: Any
) -> None:
    """Where people and companies are listed apart, one of the lists may rightly be empty."""
    companies = [
        card["id"]
        for card in megaplan.control("state?entity=contractors")
        if card["contentType"] == "ContractorCompany"
    ]
    megaplan.control("mutate", [{"op": "delete_contractor", "id": id, "hard": True} for id in companies])
    quirks = {"vendor_quirks": {"contractor_list_route": "by_kind"}}
    sync("contacts", full_refresh=True, **quirks)
    first = loaded("contacts", deletion_brake=100, **quirks)["contacts"]
    assert first.verdict == "stopped", "the table has companies, the list has none"
    database.execute(
        "DELETE FROM megaplan_raw.contact_points WHERE contact_id = ANY (%s)", ([*map(int, companies)],)
    )
    database.execute("DELETE FROM megaplan_raw.contacts WHERE kind = 'company'")
    certificate = loaded("contacts", **quirks)["contacts"]
    assert (certificate.verdict, counted(certificate)) == (
        "proven",
        all_the_same(present(database, "contacts")),
    )
    assert truth.loaded_contacts(database) == truth.contacts(megaplan)


@pytest.mark.parametrize("kind", ["ContractorHuman", "ContractorCompany"])
def test_vanished_contacts_are_asked_for_where_they_are_listed(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], sync: Any, kind: str
) -> None:
    quirks = {"vendor_quirks": {"contractor_list_route": "by_kind"}}
    sync("contacts", full_refresh=True, **quirks)
    chosen = next(
        card["id"]
        for card in megaplan.control("state?entity=contractors")
        if card["contentType"] == kind and not card["isDropped"]
    )
    megaplan.control("mutate", {"op": "delete_contractor", "id": chosen, "hard": True})
    certificate = loaded("contacts", **quirks)["contacts"]
    assert (certificate.verdict, certificate.extra, certificate.deleted) == ("proven", 1, 1)
    (evidence,) = database.execute(
        "SELECT deletion_evidence FROM megaplan_raw.contacts WHERE id = %s", (chosen,)
    ).fetchone() or ({},)
    assert evidence["found_by"] == f"GET /{kind[0].lower()}{kind[1:]}/{chosen}"

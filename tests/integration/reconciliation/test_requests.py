"""What a reconciliation asks of Megaplan: the ids once, and nothing that did not need to be."""

from collections import Counter
from collections.abc import Callable, Iterator
from math import ceil
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.raw.entities import ENTITIES
from megaplan_sync.raw.outcome import EntityOutcome
from tests.integration import truth
from tests.integration.conftest import DEALS, list_requests
from tests.integration.databases import EMPTY
from tests.integration.reconciliation.conftest import Reconcile
from tests.integration.reconciliation.counted import (
    all_the_same,
    counted,
    delete_deals,
)

Sync = Callable[..., dict[str, EntityOutcome]]


@pytest.fixture
def account_of(megaplan: EmulatedMegaplan) -> Iterator[Callable[[int], None]]:
    """Reset the account to so many deals."""
    yield lambda deals: megaplan.control("reset", {"deals": deals})
    megaplan.control("reset", {"deals": DEALS})


def asked(megaplan: EmulatedMegaplan) -> Counter[str]:
    """How often each route was asked, ids left out."""
    return Counter(
        "/".join("{id}" if part.isdigit() else part for part in entry["path"].split("/")).removeprefix(
            "/api/v3"
        )
        for entry in megaplan.control("requests")
    )


@pytest.mark.parametrize("template", [EMPTY])
@pytest.mark.parametrize(
    ("deals", "page_size", "depth"),
    [
        (0, 100, "ids"),
        (1, 100, "ids"),
        (99, 100, "ids"),
        (100, 100, "ids"),  # exactly full pages, and nothing says that the last one is the last
        (200, 100, "ids"),
        (200, 100, "full"),
        (201, 100, "full"),
        (200, 20, "ids"),
        (40, 7, "ids"),
    ],
)
def test_a_sweep_of_the_ids(
    sync: Sync,
    reconcile: Reconcile,
    megaplan: EmulatedMegaplan,
    account_of: Callable[[int], None],
    deals: int,
    page_size: int,
    depth: str,
) -> None:
    account_of(deals)
    sync("custom_fields", "deals")
    megaplan.control("requests", method="DELETE")
    certificate = reconcile("deals", depth=depth, page_size=page_size)["deals"]
    assert (certificate.verdict, counted(certificate)) == ("proven", all_the_same(deals))
    requests = asked(megaplan)
    assert requests.pop("/deal") <= ceil(deals / page_size) + 1
    assert requests == {"/auth/access_token": 1, "/currentUser": 1}
    assert certificate.requests_used <= ceil(deals / page_size) + 1


@pytest.mark.parametrize("template", [EMPTY])
def test_hasMoreNext_saves_the_look_behind_the_end(  # noqa: N802 - Megaplan's name
    sync: Sync, reconcile: Reconcile, megaplan: EmulatedMegaplan, account_of: Callable[[int], None]
) -> None:
    account_of(200)
    megaplan.control("knobs", {"emit_has_more": True})
    sync("custom_fields", "deals")
    megaplan.control("requests", method="DELETE")
    assert reconcile("deals")["deals"].verdict == "proven"
    assert len(list_requests(megaplan, "/deal")) == 2


def test_ids_and_change_times_are_all_that_is_asked_of_deals(
    loaded: Reconcile, megaplan: EmulatedMegaplan
) -> None:
    megaplan.control("requests", method="DELETE")
    loaded("deals")
    for entry in list_requests(megaplan, "/deal"):
        assert sorted(entry["args"]["fields"]) == ["timeCreated", "timeUpdated"]
        assert entry["args"]["onlyRequestedFields"] is True
    megaplan.control("requests", method="DELETE")
    loaded("contacts")
    for entry in list_requests(megaplan, "/contractor"):
        assert sorted(entry["args"]["fields"]) == ["isDropped", "timeCreated", "timeUpdated"]


@pytest.mark.parametrize("changed", [1, 130])
def test_a_repair_fetches_what_differs_and_nothing_else(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], changed: int
) -> None:
    ((touched),) = megaplan.control("mutate", {"op": "touch_many", "count": changed, "seed": 3})
    megaplan.control("requests", method="DELETE")
    certificate = loaded("deals")["deals"]
    assert (certificate.stale, certificate.repaired, certificate.verdict) == (changed, changed, "proven")
    requests = asked(megaplan)
    log = megaplan.control("requests")
    cards = [entry["path"] for entry in log if entry["path"].startswith("/api/v3/deal/")]
    assert len(cards) <= len(set(cards)) + 1, "one at most is asked for twice, to find out what links give"
    assert set(cards) <= {f"/api/v3/deal/{identity}" for identity in touched["ids"]}
    links = [
        link["id"] for entry in list_requests(megaplan, "/bulk/getEntitiesByLinks") for link in entry["body"]
    ]
    assert set(links) <= set(touched["ids"])
    login_and_user, sweep, finding_out_how = 2, ceil(DEALS / 100) + 1, 2
    assert sum(requests.values()) <= login_and_user + sweep + finding_out_how + changed, requests
    truth.assert_tables_are_megaplan(database, megaplan)
    megaplan.control("requests", method="DELETE")
    loaded("deals")
    assert set(asked(megaplan)) == {"/auth/access_token", "/currentUser", "/deal"}


def test_a_full_comparison_repairs_out_of_the_pages_it_reads(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    megaplan.control("mutate", {"op": "touch_many", "count": 30, "seed": 3, "touch": False})
    megaplan.control("requests", method="DELETE")
    certificate = loaded("deals", depth="full")["deals"]
    assert (certificate.stale, certificate.repaired, certificate.verdict) == (30, 30, "proven")
    assert set(asked(megaplan)) == {"/auth/access_token", "/currentUser", "/deal"}
    assert len(list_requests(megaplan, "/deal")) <= ceil(DEALS / 100) + 1
    truth.assert_tables_are_megaplan(database, megaplan)


def test_beyond_the_brake_twenty_rows_are_asked_for_and_no_more(
    loaded: Reconcile, megaplan: EmulatedMegaplan
) -> None:
    delete_deals(megaplan, 100)
    megaplan.control("requests", method="DELETE")
    assert loaded("deals")["deals"].verdict == "unresolved"
    assert asked(megaplan)["/deal/{id}"] == 20
    megaplan.control("requests", method="DELETE")
    loaded("deals")
    assert asked(megaplan)["/deal/{id}"] == 0, "what waits is not asked for"
    megaplan.control("requests", method="DELETE")
    loaded("deals", approved=(1,))
    assert asked(megaplan)["/deal/{id}"] == 100, "but before it is marked, each row is"


def test_everything_of_an_account(loaded: Reconcile, megaplan: EmulatedMegaplan) -> None:
    megaplan.control("requests", method="DELETE")
    certificates = loaded()
    requests = asked(megaplan)
    assert requests == {
        "/auth/access_token": 1,
        "/currentUser": 1,
        **{each.lists[0][0].path: 1 for each in ENTITIES.values() if each.reading == "whole"},
        "/program": 2,
        "/deal/extraFields": 1,
        "/contractorHuman/extraFields": 1,
        "/contractorCompany/extraFields": 1,
        "/contractor": requests["/contractor"],
        "/deal": requests["/deal"],
    }
    assert requests["/contractor"] <= ceil(certificates["contacts"].in_table / 100) + 1
    counted = sum(certificate.requests_used for certificate in certificates.values())
    assert counted == sum(requests.values()) - 2, (
        "certificates count every request but the login and the user's card"
    )

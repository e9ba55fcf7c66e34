"""Where the night's requests do not suffice, the next nights go on, and in the end everything is proven."""

from math import ceil
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from tests.integration import truth
from tests.integration.conftest import DEALS, list_requests
from tests.integration.reconciliation.conftest import Reconcile
from tests.integration.reconciliation.counted import (
    all_the_same,
    counted,
    delete_deals,
    deleted_ids,
    gone,
    proposals,
)

NIGHT = 10
"""The fewest requests that may be set; two are for the login and the user's card."""
SMALL_PAGES = {"page_size": 20, "night_requests": NIGHT}
PAGES = ceil(DEALS / 20)


def sent(megaplan: EmulatedMegaplan) -> int:
    """How many requests were sent since the last look."""
    log = megaplan.control("requests")
    megaplan.control("requests", method="DELETE")
    return len(log)


@pytest.mark.parametrize("depth", ["ids", "full"])
def test_a_sweep_goes_on_in_the_next_nights(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], depth: str
) -> None:
    unseen = megaplan.control("mutate", {"op": "touch_many", "count": 1, "seed": 5, "touch": False})[0]["ids"]
    megaplan.control("requests", method="DELETE")
    verdicts = []
    while not verdicts or verdicts[-1] == "partial":
        assert len(verdicts) < 6
        certificate = loaded("deals", depth=depth, **SMALL_PAGES)["deals"]
        verdicts.append(certificate.verdict)
        assert sent(megaplan) <= NIGHT
        assert certificate.is_good
        if certificate.verdict == "partial":
            assert certificate.reason is not None
            assert "night_requests" in certificate.reason
            assert (certificate.same, certificate.in_megaplan) == (None, None)
    assert verdicts == ["partial", "partial", "proven"]
    assert ceil((PAGES + 1) / (NIGHT - 2)) == 3, "no page is read twice"
    if depth == "full":
        truth.assert_tables_are_megaplan(database, megaplan)
    else:
        assert len(unseen) == 1, "ids and change times do not show it"
        assert counted(certificate) == all_the_same(DEALS)


def test_what_vanished_is_asked_for_in_the_next_nights(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    """The sweep of one night is used by the next one, or nothing would ever be left for what follows it."""
    deals = delete_deals(megaplan, 18)
    megaplan.control("requests", method="DELETE")
    lists, marked = 0, []
    for _ in range(6):
        certificate = loaded("deals", page_size=50, night_requests=NIGHT)["deals"]
        lists += len(list_requests(megaplan, "/deal"))
        assert sent(megaplan) <= NIGHT
        marked.append(len(deleted_ids(database)))
        if certificate.verdict == "proven":
            break
        assert certificate.verdict == "partial"
    assert certificate.verdict == "proven"
    assert marked == [0, 7, 15, 18]
    assert lists == ceil(DEALS / 50), "read once for all the nights"
    assert deleted_ids(database) == set(deals)
    truth.assert_tables_are_megaplan(database, megaplan)
    megaplan.control("requests", method="DELETE")
    assert counted(loaded("deals", page_size=50)["deals"]) == all_the_same(DEALS - 18)
    assert len(list_requests(megaplan, "/deal")) >= ceil((DEALS - 18) / 50), "then it is read again"


def test_no_table_starves(loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]) -> None:
    """Ten requests are not even enough for the small tables: whoever waits longest comes first."""
    delete_deals(megaplan, 2)
    proven: set[str] = set()
    for _ in range(12):
        megaplan.control("requests", method="DELETE")
        certificates = loaded(depth="full", page_size=50, night_requests=NIGHT)
        assert sent(megaplan) <= NIGHT
        proven |= {name for name, each in certificates.items() if each.verdict == "proven"}
        assert {each.verdict for each in certificates.values()} <= {"proven", "partial"}
        if len(proven) == len(certificates):
            break
    else:
        pytest.fail(f"after twelve nights only {sorted(proven)} are proven")
    truth.assert_tables_are_megaplan(database, megaplan)
    assert len(deleted_ids(database)) == 2


def test_an_approval_is_carried_out_over_several_nights(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    deals = delete_deals(megaplan, 22)
    loaded("deals")
    assert loaded("deals", approved=(1,), page_size=50, night_requests=12)["deals"].verdict == "partial"
    for _ in range(5):
        certificate = loaded("deals", page_size=50, night_requests=12)["deals"]
        if certificate.verdict == "proven":
            break
    assert certificate.verdict == "proven"
    assert deleted_ids(database) == set(deals)
    assert proposals(database) == [(1, "deletion", "settled", 22, 0)]


def test_tries_of_one_run_share_its_requests(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    megaplan.control("requests", method="DELETE")
    for _ in range(4):
        certificate = loaded("deals", run_id="one", **SMALL_PAGES)["deals"]
        assert certificate.verdict == "partial"
        assert certificate.reason is not None
    assert len(list_requests(megaplan, "/deal")) <= NIGHT
    assert counted(loaded("deals", page_size=20, run_id="two")["deals"]) == all_the_same(DEALS)


def test_a_run_with_more_requests_goes_on_under_the_same_name(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any]
) -> None:
    """A person raises night_requests and clears the task."""
    delete_deals(megaplan, 3)
    assert loaded("deals", run_id="one", **SMALL_PAGES)["deals"].verdict == "partial"
    megaplan.control("requests", method="DELETE")
    certificate = loaded("deals", run_id="one", page_size=20)["deals"]
    assert (certificate.verdict, counted(certificate)) == ("proven", gone(DEALS, 3))
    assert len(list_requests(megaplan, "/deal")) <= PAGES - (NIGHT - 2) + 1

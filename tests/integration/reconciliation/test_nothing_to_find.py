"""Tables that are Megaplan: proven, at the price of the ids, and nothing is written."""

from math import ceil
from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from tests.integration.conftest import DEALS, list_requests
from tests.integration.reconciliation.conftest import Reconcile


@pytest.mark.parametrize("depth", ["ids", "full"])
def test_everything_is_the_same(
    loaded: Reconcile, megaplan: EmulatedMegaplan, database: Connection[Any], depth: str
) -> None:
    before = database.execute(
        "SELECT array_agg((id, xmin::text) ORDER BY id) FROM megaplan_raw.deals"
    ).fetchone()
    megaplan.control("requests", method="DELETE")
    certificates = loaded(depth=depth)
    for name, certificate in certificates.items():
        (rows,) = database.execute(
            "SELECT megaplan_sync.count_present(%s, account) FROM megaplan_sync.accounts", (name,)
        ).fetchone() or (None,)
        assert (certificate.verdict, certificate.reason) == ("proven", None), name
        assert (certificate.in_table, certificate.in_megaplan, certificate.same) == (rows, rows, rows), name
        assert (certificate.missing, certificate.stale, certificate.extra) == (0, 0, 0), name
        assert (certificate.repaired, certificate.deleted, certificate.unresolved) == (0, 0, 0), name
    assert certificates["deals"].same == DEALS
    assert len(list_requests(megaplan, "/deal")) <= ceil(DEALS / 100) + 1
    after = database.execute(
        "SELECT array_agg((id, xmin::text) ORDER BY id) FROM megaplan_raw.deals"
    ).fetchone()
    assert after == before

"""What is left of the night's requests asks for earlier stage moves, if the connection says so."""

from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from tests.integration.conftest import DEALS
from tests.integration.reconciliation.conftest import Reconcile


def asked(database: Connection[Any]) -> int:
    (count,) = database.execute("SELECT count(*) FROM megaplan_sync.stage_backfills").fetchone() or (0,)
    return int(count)


def histories(megaplan: EmulatedMegaplan) -> int:
    return sum(entry["path"].endswith("/statusHistory") for entry in megaplan.control("requests"))


def test_only_on_request(loaded: Reconcile, database: Connection[Any], megaplan: EmulatedMegaplan) -> None:
    loaded("deals")
    assert (asked(database), histories(megaplan)) == (0, 0)


@pytest.mark.parametrize("night_requests", [150, 3000])
def test_as_far_as_the_night_goes(
    loaded: Reconcile, database: Connection[Any], megaplan: EmulatedMegaplan, night_requests: int
) -> None:
    megaplan.control("requests", method="DELETE")
    certificates = loaded("deals", backfill_stage_moves=True, night_requests=night_requests)
    assert certificates["deals"].verdict == "proven"
    sent = [entry for entry in megaplan.control("requests") if entry["path"].startswith("/api/v3/")]
    if night_requests < DEALS:
        assert len(sent) == night_requests
        assert 0 < asked(database) == histories(megaplan) < DEALS
    else:
        assert asked(database) == histories(megaplan) == DEALS
    loaded("deals", backfill_stage_moves=True, night_requests=3000)
    assert asked(database) == histories(megaplan) == DEALS

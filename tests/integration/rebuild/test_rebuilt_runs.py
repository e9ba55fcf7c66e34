"""A rebuild may be killed and run again; it gives way to others and touches nobody else."""

from typing import Any

import pytest
from psycopg import Connection

from megaplan_sync.kernel import account_lock
from megaplan_sync.kernel.exceptions import AccountBusyError, EntitiesFailedError
from megaplan_sync.raw.writer import EntityWriter
from megaplan_sync.rebuild.outcome import TableCounts
from tests.integration.rebuild.conftest import (
    DERIVED,
    TABLES,
    Gone,
    Rebuild,
    Sync,
    copy_of,
    damage,
    one,
    read_wrongly,
    written,
)


def test_a_killed_rebuild_goes_on_and_reports_what_it_did_before(
    lived: Gone,
    rebuild: Rebuild,
    database: Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    chunk: int,
) -> None:
    before = copy_of(database)
    wrong = read_wrongly(database, "deals", "currencies")
    calls: list[Any] = []

    rederive = EntityWriter.rederive

    def killed(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 4 or chunk > 420:
            raise RuntimeError("killed")
        return rederive(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(EntityWriter, "rederive", killed)
        with pytest.raises(EntitiesFailedError, match="killed"):
            rebuild("deals", "currencies", run_id="one run")
    done = one(database, "SELECT count(*) FROM megaplan_raw.deals WHERE name NOT LIKE '%% by hand'")
    assert done == (0 if chunk > 420 else 3 * chunk)
    outcomes = rebuild("deals", "currencies", run_id="one run")
    assert copy_of(database) == before
    assert outcomes["deals"].tables["deals"] == TableCounts(read=420, corrected=wrong["deals"])
    assert outcomes["currencies"].tables["currencies"].corrected == wrong["currencies"]
    assert lived.deals


@pytest.mark.usefixtures("lived")
def test_a_transaction_of_another_run_that_does_not_end_stops_the_rebuild(
    rebuild: Rebuild, database: Connection[Any], account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_lock, "SECONDS_TO_WAIT_FOR_ANOTHER_RUN", 0.3)
    read_wrongly(database, "deals")
    before = written(database)
    with account_lock.account_transaction(database, account), pytest.raises(AccountBusyError):
        rebuild("deals")
    assert written(database) == before
    rebuild("deals")
    assert written(database) != before


@pytest.mark.usefixtures("lived")
def test_another_account_is_not_touched(rebuild: Rebuild, database: Connection[Any], account: str) -> None:
    for table in TABLES:
        database.execute(f"UPDATE megaplan_raw.{table} SET account = 'other'")
    read_wrongly(database, *DERIVED)
    damage(database, "deal_positions", ["name"])
    before = written(database)
    outcomes = rebuild()
    assert written(database) == before
    assert all(not found.read for outcome in outcomes.values() for found in outcome.tables.values())
    assert account != "other"


def test_the_next_sync_finds_nothing_to_change_after_a_rebuild(
    sync: Sync, rebuild: Rebuild, database: Connection[Any]
) -> None:
    sync()
    read_wrongly(database, *DERIVED)
    damage(database, "deal_positions", ["name"])
    damage(database, "contact_points", ["phone_e164"])
    rebuild()
    before = written(database)
    outcomes = sync(full_refresh=True)
    assert sum(outcome.changed for outcome in outcomes.values()) == 0
    assert written(database) == before

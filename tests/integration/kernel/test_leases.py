"""One run at a time does a piece of work on an account. A dead one is succeeded, a replaced one writes nothing."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel import account_lock, leases
from megaplan_sync.kernel.account_lock import account_transaction
from megaplan_sync.kernel.exceptions import (
    AccountBusyError,
    EntitiesFailedError,
    LeaseLostError,
    WorkInProgressError,
)
from megaplan_sync.kernel.leases import leased
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw import incremental_read
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from tests.integration.sudden_death import die, die_in_a_process

Sync = Callable[..., dict[str, EntityOutcome]]
ACCOUNT = "mp361546"


@pytest.fixture
def template(prepared_template: str) -> str:
    """The tests here start with all tables, empty."""
    return prepared_template


@pytest.fixture
def another(database_uri: str) -> Iterator[Session]:
    with Session.open(database_uri) as session:
        yield session


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs wait for others as little as possible: until they are seen to be alive, which takes a second."""
    monkeypatch.setattr(leases, "LEASE_SECONDS", 4.0)
    monkeypatch.setattr(leases, "SECONDS_TO_WAIT_FOR_ANOTHER_RUN", 0.0)


@pytest.mark.usefixtures("impatient")
def test_a_living_holder_is_left_alone(database: Session, another: Session) -> None:
    with leased(database, ACCOUNT, "deals", run_id="first"):
        with (
            pytest.raises(WorkInProgressError, match=f"deals of account {ACCOUNT}: left to run first"),
            leased(another, ACCOUNT, "deals"),
        ):
            raise AssertionError
        with leased(another, ACCOUNT, "contacts"), leased(another, "mp1", "deals"):
            pass
    with leased(another, ACCOUNT, "deals"):
        pass


def test_a_dead_holder_is_succeeded_when_its_lease_has_expired(
    database: Session, database_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "SECONDS_TO_WAIT_FOR_ANOTHER_RUN", 0.0)

    def hold() -> None:
        with Session.open(database_uri) as session, leased(session, ACCOUNT, "deals"):
            die()

    die_in_a_process(hold, "while it holds the lease")
    (expires_at,) = database.execute("SELECT expires_at FROM megaplan_sync.leases").fetchone() or (None,)
    with leased(database, ACCOUNT, "deals"):
        (taken_at,) = database.execute("SELECT taken_at FROM megaplan_sync.leases").fetchone() or (None,)
        assert taken_at > expires_at


def test_a_retry_takes_over_from_the_try_before_it(database: Session, another: Session) -> None:
    began = time.monotonic()
    add = "INSERT INTO megaplan_sync.accounts VALUES (%s, 'UTC')"
    with leased(database, ACCOUNT, "deals", run_id="run"):
        with leased(another, ACCOUNT, "deals", run_id="run"):
            assert time.monotonic() - began < leases.LEASE_SECONDS / 2
            with pytest.raises(LeaseLostError, match="deals of account"):
                database.execute(add, ("late",))
            another.execute(add, ("new",))
        with pytest.raises(LeaseLostError):
            database.execute(add, ("later",))
    assert database.execute("SELECT account FROM megaplan_sync.accounts").fetchall() == [("new",)]


def test_nobody_takes_a_lease_while_its_holder_is_in_a_transaction(
    database: Session, another: Session, database_uri: str
) -> None:
    """Even an expired one: what is written in it would not be fenced off."""
    with leased(database, ACCOUNT, "deals"):
        taken = threading.Event()

        def take() -> None:
            with leased(another, ACCOUNT, "deals"):
                taken.set()

        with database.transaction():
            database.execute("UPDATE megaplan_sync.leases SET expires_at = now() - interval '1 hour'")
            thread = threading.Thread(target=take)
            thread.start()
            assert not taken.wait(1.5)
        assert taken.wait(30)
        thread.join()


def test_a_lease_is_renewed_while_its_holder_waits(
    database: Session, database_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 2.0)
    with leased(database, ACCOUNT, "deals"), psycopg.connect(database_uri, autocommit=True) as onlooker:
        read = "SELECT expires_at FROM megaplan_sync.leases"
        (first,) = onlooker.execute(read).fetchone() or (None,)
        until = time.monotonic() + 30
        while (onlooker.execute(read).fetchone() or (None,))[0] == first:
            assert time.monotonic() < until
            time.sleep(0.1)


def test_a_lost_connection_of_the_renewal_is_no_end(
    database: Session, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(leases, "LEASE_SECONDS", 0.4)
    monkeypatch.setattr(leases, "make_conninfo", lambda *_, **__: "host=127.0.0.1 port=1 connect_timeout=2")
    with leased(database, ACCOUNT, "deals"):
        until = time.monotonic() + 30
        while "The lease of deals was not renewed" not in caplog.text:
            assert time.monotonic() < until
            time.sleep(0.05)
        database.execute("SELECT")


@pytest.mark.usefixtures("impatient")
def test_a_second_sync_leaves_what_the_first_one_reads(
    another: Session, sync: Sync, megaplan: EmulatedMegaplan
) -> None:
    account = megaplan.url.removeprefix("http://")
    with leased(another, account, "deals", run_id="first"):
        outcomes = sync("currencies", "deals")
    assert outcomes["currencies"].inserted == 3
    assert outcomes["deals"].read == 0
    assert "left to run first" in (outcomes["deals"].skipped or "")
    assert sync("deals")["deals"].inserted == 420


def test_a_sync_that_was_replaced_writes_nothing_more(
    database: Session, another: Session, megaplan: EmulatedMegaplan, connect: Callable[..., str]
) -> None:
    class Pause:
        """Replaces the run before its fifth request."""

        requests = 0

        def acquire(self) -> None:
            self.requests += 1
            if self.requests == 5:
                another.execute("UPDATE megaplan_sync.leases SET token = 'another'")

        def back_off(self, seconds: float) -> None: ...

        def remaining(self) -> int | None:
            return None

    hook = MegaplanHook(connect(page_size=20), budget=Pause(), sleep=lambda seconds: None)
    with pytest.raises(EntitiesFailedError, match="another run has taken this over") as caught:
        AccountSync(hook, database, run_id="paused").run(["deals"], full_refresh=False)
    assert caught.value.retryable
    (rows,) = another.execute("SELECT count(*) FROM megaplan_raw.deals").fetchone() or (None,)
    assert 0 < rows <= 60
    assert another.execute("SELECT token FROM megaplan_sync.leases").fetchall() == [("another",)]


@pytest.mark.usefixtures("impatient")
def test_a_night_shares_the_account_with_a_sync(
    another: Session, database: Session, sync: Sync, connect: Callable[..., str]
) -> None:
    """It compares deals while the sync reads them; a list that is read as a whole follows next night."""
    sync()
    hook = MegaplanHook(connect(), sleep=lambda seconds: None)
    with (
        leased(another, hook.account, "deals"),
        leased(another, hook.account, "employees", run_id="the sync"),
    ):
        night = AccountReconciliation(
            hook, database, run_id="night", depth="full", sleep=lambda seconds: None
        )
        certificates = {each.entity: each for each in night.run(())}
    employees = certificates.pop("employees")
    assert (employees.verdict, employees.is_good) == ("partial", True)
    assert "left to run the sync" in (employees.reason or "")
    assert {each.verdict for each in certificates.values()} == {"proven"}


@pytest.mark.usefixtures("impatient")
def test_a_night_leaves_the_account_to_another_night(
    another: Session, database: Session, sync: Sync, connect: Callable[..., str]
) -> None:
    sync("currencies")
    hook = MegaplanHook(connect(), sleep=lambda seconds: None)
    with leased(another, hook.account, "reconciliation", run_id="the first"):
        certificates = AccountReconciliation(hook, database, run_id="second", depth="ids").run(["currencies"])
    assert [(each.verdict, each.is_good) for each in certificates] == [("partial", True)]
    assert "left to run the first" in (certificates[0].reason or "")
    certificates = AccountReconciliation(hook, database, run_id="second", depth="ids").run(["currencies"])
    assert [each.verdict for each in certificates] == ["proven"]


def test_a_page_does_not_overwrite_what_another_run_wrote_after_it_was_requested(
    database: Session,
    another: Session,
    sync: Sync,
    connect: Callable[..., str],
    megaplan: EmulatedMegaplan,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Both versions have the same change time: only the order of the requests shows which is later."""
    sync()
    change = {"op": "update_deal", "id": 1001, "fields": {"name": "Раньше"}}
    megaplan.control("mutate", change)
    is_done: list[bool] = []

    @contextmanager
    def after_a_night(connection: psycopg.Connection[Any], account: str) -> Iterator[None]:
        if not is_done:
            is_done.append(True)
            megaplan.control("mutate", {**change, "fields": {"name": "Позднее"}, "touch": False})
            hook = MegaplanHook(connect(), sleep=lambda seconds: None)
            night = AccountReconciliation(
                hook, another, run_id="night", depth="full", sleep=lambda seconds: None
            )
            night.run(["deals"])
        with account_transaction(connection, account):
            yield

    monkeypatch.setattr(incremental_read, "account_transaction", after_a_night)
    versions = "SELECT name FROM megaplan_raw.deal_versions WHERE deal_id = 1001 ORDER BY valid_from"
    assert sync("deals")["deals"].updated == 0
    assert [name for (name,) in database.execute(versions)][1:] == ["Позднее"]


def test_a_transaction_that_does_not_end(
    database: Session, another: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account_lock, "SECONDS_TO_WAIT_FOR_ANOTHER_RUN", 0.2)
    with account_transaction(another, ACCOUNT):
        with (
            pytest.raises(AccountBusyError, match="pg_stat_activity"),
            account_transaction(database, ACCOUNT),
        ):
            raise AssertionError
        with account_transaction(database, "mp1"):
            pass

"""A loaded account, and its reconciliation as the DAG's task does it."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.outcome import EntityOutcome
from megaplan_sync.postgres import prepare_session
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from megaplan_sync.reconciliation.certificate import Certificate
from megaplan_sync.reconciliation.proposals import approve
from tests.integration.reconciliation.nights import Night, load_into_template, night_of

Reconcile = Callable[..., dict[str, Certificate]]


@pytest.fixture
def reconcile(database_uri: str, connect: Callable[..., str]) -> Reconcile:
    """Reconcile the account; return the certificate of each table.

    Keyword arguments are settings of the connection.
    """

    def run(
        *entities: str,
        depth: str = "ids",
        run_id: str | None = None,
        approved: tuple[int, ...] = (),
        **settings: Any,
    ) -> dict[str, Certificate]:
        run_id = run_id or uuid4().hex
        hook = MegaplanHook(connect(**settings), sleep=lambda seconds: None)
        with psycopg.connect(database_uri, autocommit=True) as connection:
            prepare_session(connection)
            approve(connection, approved, run_id)
            account = AccountReconciliation(
                hook, connection, run_id=run_id, depth=depth, sleep=lambda seconds: None
            )
            certificates = account.run(entities)
        return {certificate.entity: certificate for certificate in certificates}

    return run


@pytest.fixture
def loaded(sync: Callable[..., dict[str, EntityOutcome]], reconcile: Reconcile) -> Reconcile:
    """Load the account, then hand out its reconciliation."""
    sync()
    return reconcile


@pytest.fixture(scope="session")
def loaded_template(postgres: str, running_emulator: EmulatedMegaplan) -> str:
    """Name of a database into which the account as the seed made it was loaded; copies of it take no time."""
    return load_into_template(postgres, running_emulator)


@pytest.fixture
def night(
    postgres: str,
    loaded_template: str,
    megaplan: EmulatedMegaplan,
    connect: Callable[..., str],
) -> Iterator[Night]:
    """A loaded account of its own, about to be reconciled."""
    with night_of(postgres, loaded_template, megaplan, connect) as begun:
        yield begun

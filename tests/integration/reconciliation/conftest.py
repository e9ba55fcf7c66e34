"""A loaded account, and its reconciliation as the DAG's task does it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.certificate import Certificate
from megaplan_sync.kernel.session import Session
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from megaplan_sync.reconciliation.proposals import decide
from tests.integration.reconciliation.nights import Night

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
        with Session.open(database_uri) as connection:
            for number in approved:
                decide(connection, number, "approved", "admin")
            account = AccountReconciliation(
                hook, connection, run_id=run_id, depth=depth, sleep=lambda seconds: None
            )
            certificates = account.run(entities)
        return {certificate.entity: certificate for certificate in certificates}

    return run


@pytest.fixture
def template(loaded_template: str) -> str:
    """The tests here begin with a loaded account."""
    return loaded_template


@pytest.fixture
def loaded(megaplan: EmulatedMegaplan, reconcile: Reconcile) -> Reconcile:
    """The reconciliation of the account as the seed made it, whose tables are loaded."""
    return reconcile


@pytest.fixture
def night(
    database_uri: str, database: Connection[Any], megaplan: EmulatedMegaplan, connect: Callable[..., str]
) -> Night:
    """A loaded account, about to be reconciled."""
    return Night(database_uri, megaplan, connect, database)

"""A loaded account, and its reconciliation as the DAG's task does it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from megaplan_hook.hook import MegaplanHook
from megaplan_sync.outcome import EntityOutcome
from megaplan_sync.postgres import prepare_session
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from megaplan_sync.reconciliation.certificate import Certificate
from megaplan_sync.reconciliation.proposals import approve

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

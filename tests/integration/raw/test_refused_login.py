"""A login that Megaplan refuses is tried once, by whatever runs: it might be locked out."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from airflow.sdk.exceptions import AirflowFailException

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.exceptions import MegaplanAuthError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.error_reporting import as_airflow_error
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.account_sync import AccountSync
from megaplan_sync.raw.entities import ALL_ENTITIES
from megaplan_sync.reconciliation.account_reconciliation import AccountReconciliation
from tests.integration.conftest import list_requests

TWO_FACTOR = {"error": "two_factor_required", "error_description": "Code was sent"}


@pytest.fixture
def template(loaded_template: str) -> str:
    """These tests begin with a loaded account."""
    return loaded_template


def sync(hook: MegaplanHook, connection: Session) -> Any:
    return AccountSync(hook, connection, run_id=uuid4().hex).run((), full_refresh=True)


def night(hook: MegaplanHook, connection: Session) -> Any:
    account = AccountReconciliation(
        hook, connection, run_id=uuid4().hex, depth="full", sleep=lambda seconds: None
    )
    return account.run(ALL_ENTITIES)


@pytest.mark.parametrize("run", [sync, night])
@pytest.mark.parametrize("status", [200, 400, 403])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "byte order mark"])
def test_a_login_that_needs_a_code_is_tried_once_and_told_in_megaplans_words(
    run: Callable[[MegaplanHook, Session], Any],
    connect: Callable[..., str],
    database_uri: str,
    megaplan: EmulatedMegaplan,
    status: int,
    mark: str,
) -> None:
    """There were nine tries, each told as "check Host"."""
    body = mark + json.dumps(TWO_FACTOR)
    path = "/auth/access_token"
    megaplan.control("faults", {"kind": "502", "status": status, "path": path, "body": body, "count": 99})
    slept: list[float] = []
    hook = MegaplanHook(connect(), sleep=slept.append)
    with Session.open(database_uri) as connection, pytest.raises(MegaplanAuthError) as caught:
        run(hook, connection)
    assert "two_factor_required: Code was sent" in str(caught.value)
    assert "Login (e-mail) and Password" in str(caught.value)
    assert isinstance(as_airflow_error(caught.value), AirflowFailException), "no retry of the task helps"
    assert len(list_requests(megaplan, path)) == 1
    assert slept == []

"""Both emulated sides, and the sync of users as run by the DAG's task.

Test modules name this file in ``pytest_plugins``.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.kernel.session import Session
from megaplan_sync.telephony.people.user_sync import UserSync, UserSyncOutcome
from megaplan_sync.telephony.session import TelephonySession
from tests.emulators.uis_client import Client
from tests.integration.telephony.two_sides import TelephonySettings, uis_connection
from uis_hook.hook import UisHook


@pytest.fixture
def cabinet(uis: Client) -> Client:
    """UIS's account in its initial state, without faults of an earlier test."""
    requests.delete(f"{uis.url}/_control/faults", timeout=10).raise_for_status()
    uis.control("knobs", {"ip_whitelist": "0.0.0.0/0", "account_active": True})
    return uis


@pytest.fixture
def settings_page(connect: Callable[..., str]) -> TelephonySettings:
    return TelephonySettings(MegaplanHook(connect("director"), sleep=lambda seconds: None))


@pytest.fixture
def sync_users(
    database_uri: str,
    connect: Callable[..., str],
    cabinet: Client,
    megaplan: EmulatedMegaplan,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., UserSyncOutcome]:
    """Map the employees of the account, without delays between attempts.

    Keyword arguments are settings of the Megaplan connection, and another address of UIS.
    """

    def run(uis_url: str | None = None, **settings: Any) -> UserSyncOutcome:
        connection_to_uis = uis_connection(uis_url or cabinet.url, longest_limit_wait_seconds=0)
        monkeypatch.setenv("AIRFLOW_CONN_UIS_DEFAULT", json.dumps(connection_to_uis))

        def at_once(seconds: float) -> None:
            pass

        megaplan_hook = MegaplanHook(connect(telephony_active=True, **settings), sleep=at_once)
        uis = UisHook(sleep=at_once).client
        with Session.open(database_uri) as connection:
            prepare_telephony_schema(connection)
            outcome = UserSyncOutcome(megaplan_hook.account)
            try:
                UserSync(TelephonySession(megaplan_hook, uis, connection)).run(outcome)
            finally:
                uis.close()
        return outcome

    return run

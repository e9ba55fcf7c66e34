"""Connections change while telephones ring: no card stays on a screen."""

import json
from collections.abc import Callable

import pytest

from megaplan_gateway.options import Options

from .call_world import ANNA, OWN_CALL, CallWorld
from .served import served, set_connections
from .waiting import until

pytest_plugins = ["tests.emulators.uis_fixtures"]

FAST_RELOAD = Options(reload_seconds=0.05)


@pytest.mark.parametrize("change", ["telephony off", "UIS connection removed", "account removed"])
def test_cards_close_when_an_account_is_no_longer_served(
    change: str,
    call_world: CallWorld,
    monkeypatch: pytest.MonkeyPatch,
    database_uri: str,
    connect: Callable[..., str],
) -> None:
    with served(call_world.account, FAST_RELOAD) as gateway:
        call_world.send_event(gateway, "call_proceeding", employee_id=501)
        assert call_world.screens() == {ANNA: [f"{OWN_CALL} calling"]}
        if change == "telephony off":
            set_connections(monkeypatch, database_uri, connect, "http://127.0.0.1:9", telephony_active=False)
        elif change == "UIS connection removed":
            set_connections(monkeypatch, database_uri, connect, "http://127.0.0.1:9", uis_conn_id="")
        else:
            other = {"conn_type": "megaplan", "host": "other.megaplan.ru", "login": "a", "password": "b"}
            monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(other))
            monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", '["other"]')
        until(lambda: call_world.cards() == {str(OWN_CALL): "closed"})
        assert call_world.screens() == {}

"""Connections change while calls ring: no card stays on a screen."""

import json
from collections.abc import Callable

import pytest

from megaplan_gateway.options import Options

from .call_world import ANNA, OWN_CALL, CallWorld, wait_until
from .served import served, set_connections

pytest_plugins = ["tests.emulators.uis_fixtures"]

QUICK = Options(reload_seconds=0.05)


@pytest.mark.parametrize("what", ["telephony is off", "the cabinet is off", "the account is off"])
def test_cards_close_when_nobody_is_to_see_calls_any_more(
    what: str,
    call_world: CallWorld,
    monkeypatch: pytest.MonkeyPatch,
    database_uri: str,
    connect: Callable[..., str],
) -> None:
    with served(call_world.account, QUICK) as gateway:
        call_world.tell(gateway, "call_proceeding", employee_id=501)
        assert call_world.screens() == {ANNA: [f"{OWN_CALL} calling"]}
        if what == "telephony is off":
            set_connections(monkeypatch, database_uri, connect, "http://127.0.0.1:9", telephony_active=False)
        elif what == "the cabinet is off":
            set_connections(monkeypatch, database_uri, connect, "http://127.0.0.1:9", uis_conn_id="")
        else:
            other = {"conn_type": "megaplan", "host": "other.megaplan.ru", "login": "a", "password": "b"}
            monkeypatch.setenv("AIRFLOW_CONN_OTHER", json.dumps(other))
            monkeypatch.setenv("AIRFLOW_VAR_MEGAPLAN_ACCOUNTS", '["other"]')
        wait_until(lambda: call_world.cards() == {str(OWN_CALL): "closed"})
        assert call_world.screens() == {}

"""A transaction that Postgres has committed, but whose answer was lost, costs neither a message nor a pop-up."""

import json
from collections.abc import Iterator

import pytest

from .call_world import ANNA, OWN_CALL, CallWorld
from .served import served
from .stalling import StallingProxy, stalling_proxy
from .waiting import until

pytest_plugins = ["tests.emulators.uis_fixtures"]


@pytest.fixture
def proxy(call_world: CallWorld, monkeypatch: pytest.MonkeyPatch) -> Iterator[StallingProxy]:
    """A proxy between the gateway and Postgres."""
    with stalling_proxy(call_world.database_uri) as proxy:
        monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(proxy.connection))
        yield proxy


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO telephony.events",  # the message
        "INSERT INTO telephony.cards",  # the claim to the pop-up
        "UPDATE telephony.cards",  # the pop-up's object exists
        "DELETE FROM telephony.live_queue",  # the call is done
    ],
)
def test_a_card_is_shown_once_although_the_answer_to_a_commit_was_lost(
    statement: str, call_world: CallWorld, proxy: StallingProxy
) -> None:
    with served(call_world.account) as gateway:
        call_world.notify(gateway)
        proxy.lose_answer(statement.encode())
        call_world.send_event(gateway, "call_proceeding", employee_id=501)
        until(lambda: proxy.lost_answers == 1)
        until(lambda: call_world.screens() == {ANNA: [f"{OWN_CALL} calling"]})
        call_world.send_event(gateway, "call_session_finished", employee_id=501)
        until(lambda: call_world.screens() == {})
        until(lambda: call_world.cards() == {str(OWN_CALL): "closed"})
        assert set(call_world.calls()) == {str(OWN_CALL)}
        until(lambda: not call_world.database.execute("SELECT FROM telephony.live_queue").fetchall())

"""Calls that the settings leave out of Megaplan have no pop-ups."""

from collections.abc import Callable

import pytest

from .call_world import STRANGER, CallWorld
from .served import served, set_connections

pytest_plugins = ["tests.emulators.uis_fixtures"]


def test_a_call_that_is_left_out_has_no_card(
    call_world: CallWorld,
    monkeypatch: pytest.MonkeyPatch,
    connect: Callable[..., str],
) -> None:
    set_connections(
        monkeypatch, call_world.database_uri, connect, call_world.uis.url, skip_numbers=f"8{STRANGER[1:]}"
    )
    with served(call_world.account) as gateway:
        call_world.notify(gateway)
        left_out = call_world.start_call(gateway, employee_answers=None)
        other = call_world.start_call(gateway, employee_answers=None, contact="79995550012")
    assert str(other) in call_world.calls()
    assert str(left_out) not in call_world.calls()

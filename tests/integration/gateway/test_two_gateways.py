"""Two gateways of one account: what one cannot complete, the other does, and no call gets two objects."""

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from demo.processes import free_port

from .call_world import ANNA, OWN_CALL, PETER, STRANGER, CallWorld
from .process import gateway_process
from .served import UIS_SECRET, ServedGateway, served
from .waiting import until

pytest_plugins = ["tests.emulators.uis_fixtures"]

FIRST, SECOND = OWN_CALL + 1, OWN_CALL + 2


class Mortal:
    """A gateway in a process of its own."""

    def __init__(self, process: Any, url: str) -> None:
        self.process = process
        self._url = url

    def notify(self, mnemonic: str, call: int, employee: int) -> None:
        """Send it a notification."""
        assert httpx.post(self._url, json=event(mnemonic, call, employee), trust_env=False).status_code == 200


@pytest.fixture
def mortal(call_world: CallWorld, tmp_path: Path) -> Iterator[Mortal]:
    """A gateway that a test may kill or stop."""
    port = free_port(0)
    with gateway_process(port, tmp_path / "gateway.log") as process:
        yield Mortal(process, f"http://127.0.0.1:{port}/{call_world.account}/{UIS_SECRET}/uis")


@pytest.fixture
def other(call_world: CallWorld) -> Iterator[ServedGateway]:
    """The other gateway."""
    with served(call_world.account) as other:
        until(lambda: other.gateway.lease.is_held)
        yield other


def event(mnemonic: str, call: int, employee: int) -> dict[str, Any]:
    return {
        "notification_mnemonic": mnemonic,
        "notification_timestamp": int(time.time()),
        "call_session_id": call,
        "direction": "in",
        "contact_phone_number": STRANGER,
        "employee_id": employee,
    }


def gateway_of(call_world: CallWorld, call: int) -> list[Any]:
    """Return which gateway has a call."""
    return call_world.database.execute(
        "SELECT gateway FROM telephony.live_queue WHERE call_session_id = %s", (call,)
    ).fetchall()


def test_the_calls_of_a_killed_gateway_are_taken_over(
    call_world: CallWorld, mortal: Mortal, other: ServedGateway
) -> None:
    """It is killed while one end waits for Megaplan's answer and the card of another call for its turn."""
    mortal.notify("call_proceeding", FIRST, 501)
    until(lambda: call_world.screens() == {ANNA: [f"{FIRST} calling"]})
    until(lambda: gateway_of(call_world, FIRST) == [])
    faults = [
        {"kind": "timeout", "path": "/callInfo/", "count": 1},
        {"kind": "429", "path": "/callInfo", "retry_after": 8, "count": 1},
    ]
    call_world.megaplan.control("faults", faults)
    mortal.notify("lost_call_session", FIRST, 501)
    mortal.notify("call_proceeding", SECOND, 502)
    until(lambda: len(call_world.requests("/callInfo")) == 3 and str(SECOND) not in call_world.cards())
    mortal.process.send_signal(signal.SIGKILL)
    until(lambda: call_world.screens() == {PETER: [f"{SECOND} calling"]}, 20)
    until(lambda: call_world.cards() == {str(FIRST): "closed", str(SECOND): "open"})
    assert set(call_world.calls()) == {str(FIRST), str(SECOND)}
    sent = call_world.requests("/callInfo")
    call_world.wait_until_idle(other)
    assert call_world.requests("/callInfo") == sent


def test_a_gateway_that_was_paused_sends_nothing_that_others_have_done(
    call_world: CallWorld, mortal: Mortal, other: ServedGateway
) -> None:
    """It is paused while the card of a call waits for its turn and another's change for its answer."""
    mortal.notify("call_proceeding", FIRST, 501)
    until(lambda: call_world.screens() == {ANNA: [f"{FIRST} calling"]})
    until(lambda: gateway_of(call_world, FIRST) == [])
    faults = [
        {"kind": "slow", "seconds": 3, "path": "/callInfo/", "count": 1},
        {"kind": "429", "path": "/callInfo", "retry_after": 3, "count": 1},
    ]
    call_world.megaplan.control("faults", faults)
    mortal.notify("talk_started", FIRST, 501)
    mortal.notify("call_proceeding", SECOND, 502)
    until(lambda: len(call_world.requests("/callInfo")) == 3 and str(SECOND) not in call_world.cards())
    mortal.process.send_signal(signal.SIGSTOP)
    other.notify(event("call_session_finished", FIRST, 501))
    other.notify(event("talk_started", SECOND, 502))
    until(lambda: call_world.screens() == {PETER: [f"{SECOND} talking"]}, 20)
    mortal.process.send_signal(signal.SIGCONT)
    until(lambda: call_world.cards() == {str(FIRST): "closed", str(SECOND): "open"})
    until(lambda: gateway_of(call_world, FIRST) + gateway_of(call_world, SECOND) == [])
    mortal.notify("call_session_finished", SECOND, 502)
    until(lambda: call_world.cards() == {str(FIRST): "closed", str(SECOND): "closed"})
    assert call_world.screens() == {}
    assert set(call_world.calls()) == {str(FIRST), str(SECOND)}


def test_a_gateway_that_is_stopped_hands_its_calls_over(
    call_world: CallWorld, mortal: Mortal, other: ServedGateway
) -> None:
    call_world.megaplan.control("faults", {"kind": "429", "path": "/callInfo", "retry_after": 8, "count": 1})
    mortal.notify("call_proceeding", FIRST, 501)
    until(lambda: len(call_world.requests("/callInfo")) == 1 and call_world.cards() == {})
    mortal.process.send_signal(signal.SIGTERM)
    until(lambda: call_world.screens() == {ANNA: [f"{FIRST} calling"]}, 20)
    mortal.process.wait(20)
    alive = call_world.database.execute("SELECT gateway FROM telephony.gateways").fetchall()
    assert alive == [(other.gateway.lease.gateway,)], "the one that has stopped says so"

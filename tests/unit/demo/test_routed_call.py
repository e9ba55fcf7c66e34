"""What the demo tells of a call that is forwarded to the responsible manager."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.emulated_uis import EmulatedUis, emulated_uis
from demo.processes import free_port
from demo.promises import BrokenPromiseError
from demo.routed_call import ResponsibleManager, RoutedCall
from tests.emulators.uis_client import Receiver

MANAGER = ResponsibleManager("Смирнов Пётр", 502, "ООО Клиент", "79161234567")


@pytest.fixture(scope="module")
def uis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedUis]:
    log: Path = tmp_path_factory.mktemp("logs") / "uis.log"
    with emulated_uis(free_port(0), log) as uis:
        yield uis


@pytest.fixture
def asked() -> Iterator[Receiver]:
    """Whom UIS asks, in place of the gateway."""
    receiver = Receiver()
    yield receiver
    receiver.close()


def what_is_told(call: RoutedCall) -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        if told := call.promise().look():
            return told
        time.sleep(0.05)
    raise AssertionError("the call does not end")


def telephone_of(uis: EmulatedUis, employee: int) -> str:
    (found,) = [one for one in uis.control("state?entity=employees") if one["id"] == employee]
    return str(found["phone_numbers"][0]["phone_number"])


def test_the_telephone_of_the_responsible_manager_rings_alone(uis: EmulatedUis, asked: Receiver) -> None:
    asked.answer = {"phones": [telephone_of(uis, MANAGER.uis_employee_id)]}
    told = what_is_told(RoutedCall(uis, MANAGER, asked.url))
    assert told.startswith("ООО Клиент calls")
    assert "Смирнов Пётр, the responsible manager, rings alone" in told
    assert [request.query["numa"] for request in asked.received] == [[MANAGER.phone]]


def test_a_call_that_rings_somebody_else_breaks_the_promise(uis: EmulatedUis, asked: Receiver) -> None:
    asked.answer = {"phones": [telephone_of(uis, 503)]}
    with pytest.raises(BrokenPromiseError, match="not 502 alone"):
        what_is_told(RoutedCall(uis, MANAGER, asked.url))

"""Many group calls at once on a small request budget.

Which requests are sent, in which order, and what is said of the rest; benchmarks/call_storm.py measures how soon.
"""

import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from .call_world import STRANGER, CallWorld
from .served import ServedGateway, served
from .waiting import until

pytest_plugins = ["tests.emulators.uis_fixtures"]

FIRST_CALL = 610_000_000
TELEPHONES = (501, 502, 503)


def notify(gateway: ServedGateway, call: int, mnemonic: str, *employees: int) -> None:
    for leg, employee in enumerate(employees):
        body = {
            "notification_mnemonic": mnemonic,
            "notification_timestamp": int(time.time()),
            "call_session_id": FIRST_CALL + call,
            "direction": "in",
            "contact_phone_number": STRANGER,
            "employee_id": employee,
            "leg_id": 100 * call + leg + 1,
        }
        assert gateway.notify(body).status_code == 200


@pytest.fixture
def budget() -> dict[str, Any]:
    """Settings of the connection."""
    return {"requests_per_second": 1.0, "requests_per_hour": 1000}


@pytest.fixture
def gateway(call_world: CallWorld, budget: dict[str, Any], connect: Any) -> Iterator[ServedGateway]:
    """A gateway that has logged in, with this budget."""
    connect(
        telephony_active=True,
        uis_conn_id="uis_default",
        webhook_secret="megaplan-secret-5d1f0c6be1",
        **budget,
    )
    with served(call_world.account) as gateway:
        notify(gateway, 0, "call_proceeding", 501)
        until(lambda: call_world.screens() != {}, 30)
        notify(gateway, 0, "lost_call_session", 501)
        until(lambda: call_world.screens() == {}, 30)
        call_world.wait_until_idle(gateway)
        call_world.megaplan.control("requests", method="DELETE")
        yield gateway


def sent(call_world: CallWorld) -> list[str]:
    """Return the requests for call objects in order: ``open`` or ``end``."""
    return [
        "open" if request.endswith("/callInfo") else "end" for request in call_world.requests("/callInfo")
    ]


def test_ends_overtake_cards_and_no_request_is_wasted(call_world: CallWorld, gateway: ServedGateway) -> None:
    """Ten calls to three telephones each; three of those that are shown are lost while the others wait."""
    for call in range(1, 11):
        notify(gateway, call, "call_proceeding", *TELEPHONES)
    until(lambda: sent(call_world).count("open") >= 3, 60)
    shown = [int(key) - FIRST_CALL for keys in call_world.screens().values() for key in map(first_word, keys)]
    for call in shown[:3]:
        notify(gateway, call, "lost_call_session", 501)
    before = len(sent(call_world))
    until(lambda: sent(call_world).count("end") == 3, 60)
    after = sent(call_world)[before:]
    assert len(after) - 3 <= 3, "at most those that had their turn, one per second, went before the ends"
    call_world.wait_until_idle(gateway)
    requests = sent(call_world)
    assert requests.count("open") == len(set(call_world.calls())) - 1, "one request for each card"


def first_word(text: str) -> str:
    return text.split()[0]


@pytest.mark.parametrize("budget", [{"requests_per_second": 1000.0, "requests_per_hour": 12}])
def test_calls_without_a_card_are_counted_and_named(
    call_world: CallWorld, gateway: ServedGateway, caplog: pytest.LogCaptureFixture
) -> None:
    """The login and a call took three of the hour's requests; one is kept for ends."""
    with caplog.at_level(logging.WARNING):
        for call in range(1, 13):
            notify(gateway, call, "call_proceeding", *TELEPHONES)
            call_world.wait_until_idle(gateway)
    shown = {int(key) for key in call_world.calls()} - {FIRST_CALL}
    not_shown = {FIRST_CALL + call for call in range(1, 13)} - shown
    assert len(shown) == 8
    named = [vars(record) for record in caplog.records if record.getMessage() == "pop-up not updated"]
    assert {record["call"] for record in named} == not_shown
    assert {record["what"] for record in named} == {"open"}
    assert counted(gateway) == len(named)


def counted(gateway: ServedGateway) -> float:
    """Return how many cards the metrics say could not be opened."""
    text = gateway.client.get("/metrics").text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "gateway_popups_total"
        and sample.labels["what"] == "open"
        and sample.labels["outcome"] == "BudgetSpentError"
    )

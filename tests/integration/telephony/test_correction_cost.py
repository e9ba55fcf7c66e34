"""How many requests a correction costs: measured here, and documented in docs/telephony-push.md."""

import re
from datetime import timedelta
from typing import Any

import pytest

from tests.emulators.uis_client import Client

from .push_world import STARTED, UIS_COLLEAGUE, PushWorld, uis_settings
from .test_push_cost import PAGE, TOGETHER, sync_directories

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
DONE = {"communication_incoming_answered": "done", "communication_incoming_missed": "planned"}
LATER = {"started_at": STARTED + timedelta(minutes=1)}
ANSWERED = {"outcome": "answered", "talk_seconds": 60}
CORRECTIONS: dict[str, dict[str, Any]] = {
    "nothing that Megaplan has": {"settings": DONE, "change": {"event_count": 9}},
    "the call": {"change": LATER},
    "a late recording": {"change": {"expects_record": True}, "record": True},
    "the call and its communication": {"settings": DONE, "change": {"uis_employee_id": UIS_COLLEAGUE}},
    "the call and its communication, which is finished or opened again": {
        "settings": DONE,
        "outcome": "missed",
        "change": ANSWERED,
    },
    "a late recording and its communication": {
        "settings": DONE,
        "change": {"expects_record": True},
        "record": True,
    },
    "the call and its communication, created by Megaplan": {
        "settings": {**DONE, "megaplan_creates_todo": True},
        "change": {"uis_employee_id": UIS_COLLEAGUE},
    },
}


def documented() -> dict[str, tuple[float, float]]:
    """Return the table of the page: requests per correction alone and together."""
    rows = re.findall(r"^\| ([^|]+) \| ([\d.]+) \| ([\d.]+) \|$", PAGE.read_text(), re.M)
    return {row[0]: (float(row[1]), float(row[2])) for row in rows}


@pytest.mark.parametrize("what", CORRECTIONS)
def test_a_correction_costs_what_the_page_says(world: PushWorld, uis: Client, what: str) -> None:
    world.uis = uis_settings(uis.url)
    case = CORRECTIONS[what]
    settings = case.get("settings", {})
    world.knobs(call_makes_todo=settings.get("megaplan_creates_todo", False))
    uis.control(
        "calls", {"time": "virtual", "kind": "incoming_answered", "contact": "79000000001", "employee": 501}
    )
    link = uis.control("calls", method="GET")[-1]["recordings"][0]["link"]
    world.database.execute(
        "INSERT INTO telephony.learned (account, topic, value) VALUES (%s, 'history_updates', 'yes')",
        (world.account,),
    )
    sync_directories(world)
    change = {**case["change"], **({"records": [{"url": link, "kind": "talk"}]} if "record" in case else {})}

    def cost(first: int, count: int) -> float:
        numbers = range(first, first + count)
        for number in numbers:
            world.add_call(number, outcome=case.get("outcome", "answered"))
        world.push(**settings)
        for number in numbers:
            world.change_call(number, **change)
        world.forget_requests()
        world.push(**settings)
        assert world.open_calls() == []
        return len(world.requests()) / count

    assert documented()[what] == (cost(1, 1), cost(1000, TOGETHER))


def test_the_page_has_no_other_rows() -> None:
    assert list(documented()) == list(CORRECTIONS)

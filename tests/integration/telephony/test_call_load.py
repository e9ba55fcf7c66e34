"""A day of calls of all kinds with many faults: after the night, Megaplan has each of them exactly once.

``CALLS=5000 pytest tests/integration/telephony/test_call_load.py`` is the size measured in docs/telephony-push.md.
"""

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from megaplan_hook.exceptions import MegaplanError
from tests.emulators.uis_client import Client

from .call_night import CallNight
from .notification_receiver import NotificationReceiver
from .push_world import PushWorld
from .two_sides import FIRST_EMPLOYEE

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
CALLS = int(os.environ.get("CALLS", "150"))
AT_ONCE = 250
SETTINGS = {
    "communication_incoming_answered": "done",
    "communication_incoming_missed": "planned",
    "communication_outgoing_answered": "planned",
    "communication_outgoing_unanswered": "none",
    "read_timeout_seconds": 1,
}
WANTED = {"in": "success", "miss": "scheduled", "out": "scheduled", "fail": None}
"""Status of the communication by Megaplan's type of call."""
STRANGER = 510
"""Has a number in UIS and none in Megaplan."""


@pytest.fixture
def night(world: PushWorld, uis: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[CallNight]:
    receiver = NotificationReceiver(world.uri, world.account)
    world.database.execute("DELETE FROM telephony.users")
    for place in range(9):
        world.database.execute(
            """INSERT INTO telephony.users (account, employee_id, uis_employee_id, internal_number)
            VALUES (%s, %s, %s, %s)""",
            (world.account, FIRST_EMPLOYEE + place, 501 + place, str(101 + place)),
        )
    yield CallNight(world, uis, receiver, monkeypatch)
    receiver.close()
    uis.control("knobs", {"notify_loss": 0, "notify_duplicates": 0, "notify_disorder": 0})


def is_told(truth: dict[str, Any]) -> bool:
    """Return whether Megaplan should have a call: not internal ones, nor those of employees whom only UIS knows."""
    if truth["is_internal"]:
        return False
    if truth["talked"]:
        return bool(truth["talked"][-1] != STRANGER)
    return not truth["employees"] or set(truth["employees"]) != {STRANGER}


def type_of(truth: dict[str, Any]) -> str:
    kinds = {("in", False): "in", ("in", True): "miss", ("out", False): "out", ("out", True): "fail"}
    return kinds[truth["direction"], truth["is_lost"]]


def play(night: CallNight) -> None:
    """A day of calls; 5 % of all notifications are lost, 5 % repeated, all arrive out of order."""
    night.uis.control(
        "knobs",
        {
            "notify_loss": 0.05,
            "notify_duplicates": 0.05,
            "notify_disorder": 1.0,
            "notify_disorder_s": 900,
            "notify_duplicate_delay_s": 30,
        },
    )
    begin = night.now() - timedelta(hours=20)
    for first in range(0, CALLS, AT_ONCE):
        night.uis.mutate(
            "load_calls",
            count=min(AT_ONCE, CALLS - first),
            seed=first,
            span_s=3600,
            start=(begin + timedelta(hours=16 * first / CALLS)).timestamp(),
        )


def spoil_megaplan(world: PushWorld) -> None:
    for kind, probability, more in (
        ("500", 0.02, {"processed": True}),
        ("500", 0.02, {}),
        ("timeout", 0.003, {"processed": True}),
        ("timeout", 0.003, {}),
    ):
        world.fault(kind, count=0, probability=probability, seed=len(more), **more)


def push_all_day(world: PushWorld) -> int:
    """Run the DAG every now and then; return how many runs failed."""
    failures = 0
    for _ in range(60):
        try:
            world.push(**SETTINGS)
        except MegaplanError:
            failures += 1
        world.let_time_pass()
        if not world.open_calls():
            break
    return failures


def test_every_call_is_in_megaplan_once_with_its_recording_and_its_communication(night: CallNight) -> None:
    world, began = night.world, time.monotonic()
    play(night)
    played = time.monotonic()
    spoil_megaplan(world)
    failures = push_all_day(world)
    pushed = time.monotonic()
    there = len({call["providerId"] for call in world.calls()})
    certificate = None
    for _ in range(3):  # as Airflow retries the task
        with suppress(MegaplanError):
            certificate = night.run(
                run_id="night", since=(night.now() - timedelta(days=1)).date(), **SETTINGS
            )
            break
    assert certificate is not None
    world.megaplan.control("faults", method="DELETE")
    compared = time.monotonic()

    truths = {str(each["id"]): each for each in night.uis.control("calls", method="GET")}
    assert len(truths) == CALLS
    expected = {id: truth for id, truth in truths.items() if is_told(truth)}
    lost = len(expected) - there
    print(
        f"{CALLS} calls, {len(expected)} to be delivered, {lost} without an end: played {played - began:.0f} s, "
        f"pushed {pushed - played:.0f} s ({failures} runs failed), compared {compared - pushed:.0f} s; {certificate}"
    )
    assert lost > 0, "the night has something to find"
    assert failures > 0, "no fault occurred"
    assert (certificate.verdict, certificate.unresolved) == ("proven", 0), certificate.reason
    assert certificate.in_table == len(expected)
    assert certificate.repaired == certificate.missing + certificate.stale >= lost

    calls = world.calls()
    assert Counter(call["providerId"] for call in calls) == Counter(list(expected))
    todos: dict[str, list[str]] = {}
    for todo in world.todos():
        for each in todo["relations"]:
            if each["contentType"] == "CallInfo":
                todos.setdefault(each["id"], []).append(todo["status"]["masterType"])
    outbox = {
        str(number): states
        for number, *states in world.database.execute(
            "SELECT call_session_id, history, recording, communication FROM telephony.call_delivery_states"
        )
    }
    for call in calls:
        truth = expected[call["providerId"]]
        kind = type_of(truth)
        links = [one["link"] for one in truth["recordings"]]
        assert (call["type"], call["state"]) == (kind, "finished")
        assert sorted(call["recordLinks"]) == sorted(links)
        assert todos.get(call["id"], []) == ([WANTED[kind]] if WANTED[kind] else [])
        assert outbox.pop(call["providerId"]) == [
            "done",
            "done" if links else "none",
            "done" if WANTED[kind] else "none",
        ]
    assert all(states == ["none", "none", "none"] for states in outbox.values()), "of the unmapped employee"
    again = night.run(since=(night.now() - timedelta(days=1)).date(), **SETTINGS)
    assert (again.verdict, again.same) == ("proven", len(expected))

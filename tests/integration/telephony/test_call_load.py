"""A day of calls of all kinds with many faults: after the night, Megaplan's whole journal and todo list are right.

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
from .journal_truth import (
    employee_in,
    employees_of,
    is_told,
    journal_entry,
    journal_entry_in_megaplan,
    todo,
    todo_in_megaplan,
    type_of,
)
from .notification_receiver import NotificationReceiver
from .push_world import PushWorld
from .two_sides import FIRST_EMPLOYEE

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
CALLS = int(os.environ.get("CALLS", "100"))
AT_ONCE = max(50, CALLS // 20)
SETTINGS = {
    "communication_incoming_answered": "done",
    "communication_incoming_missed": "planned",
    "communication_outgoing_answered": "planned",
    "communication_outgoing_unanswered": "none",
    "read_timeout_seconds": 1,
}
WANTED = {"in": "success", "miss": "scheduled", "out": "scheduled", "fail": None}
"""Status of the communication by Megaplan's type of call."""


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


def play_and_push(night: CallNight) -> tuple[dict[str, str], int]:
    """A day of calls, and runs in between; return clients by number, and how many runs failed.

    5 % of all notifications are lost, 5 % repeated, all arrive out of order. Megaplan knows some of the numbers.
    """
    clients: dict[str, str] = {}
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
    begin, failures = night.now() - timedelta(hours=20), 0
    for first in range(0, CALLS, AT_ONCE):
        played = night.uis.mutate(
            "load_calls",
            count=min(AT_ONCE, CALLS - first),
            seed=first,
            span_s=3600,
            start=(begin + timedelta(hours=16 * first / CALLS)).timestamp(),
        )
        for number in played["ids"][::8]:
            phone = night.uis.truth(number)["contact_phone_number"]
            if phone and len(phone) == 11:
                clients[phone] = str(night.world.client(f"+{phone}")["id"])
        spoil_megaplan(night.world, seed=first)
        failures += push_some_runs(night.world, runs=2)
        if first + AT_ONCE < CALLS:
            night.world.megaplan.control("faults", method="DELETE")
    return clients, failures + push_some_runs(night.world, runs=60)


def spoil_megaplan(world: PushWorld, seed: int) -> None:
    for kind, probability, more in (
        ("500", 0.02, {"processed": True}),
        ("500", 0.02, {}),
        ("timeout", 0.003, {"processed": True}),
        ("timeout", 0.003, {}),
    ):
        world.fault(kind, count=0, probability=probability, seed=seed + len(more), **more)


def push_some_runs(world: PushWorld, runs: int) -> int:
    """Run the DAG, at most so often, until nothing is open; return how many runs failed."""
    failures = 0
    for _ in range(runs):
        try:
            world.push(**SETTINGS)
        except MegaplanError:
            failures += 1
        world.let_time_pass()
        if not world.open_calls():
            break
    return failures


def test_the_whole_journal_and_todo_list_equal_the_truth(night: CallNight) -> None:
    world, began = night.world, time.monotonic()
    todos_before = {todo["id"] for todo in world.megaplan.control("state?entity=todos")}
    calls_before = {call["id"] for call in world.megaplan.control("state?entity=calls")}
    clients, failures = play_and_push(night)
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
        f"{CALLS} calls, {len(expected)} to be delivered, {lost} without an end: played and pushed in "
        f"{pushed - began:.0f} s ({failures} runs failed), compared {compared - pushed:.0f} s; {certificate}"
    )
    assert lost > 0, "the night has something to find"
    assert failures > 0, "no fault occurred"
    assert (certificate.verdict, certificate.unresolved) == ("proven", 0), certificate.reason
    assert certificate.in_table == len(expected)
    assert certificate.repaired == certificate.missing + certificate.stale >= lost

    journal = [
        call for call in world.megaplan.control("state?entity=calls") if call["id"] not in calls_before
    ]
    assert Counter(call["providerId"] for call in journal) == Counter(list(expected))
    found = {call["providerId"]: call for call in journal}
    assert {number: journal_entry_in_megaplan(call) for number, call in found.items()} == {
        number: journal_entry(truth) for number, truth in expected.items()
    }
    todos = [
        todo
        for todo in world.megaplan.control("state?entity=todos")
        if todo["id"] not in todos_before and not todo["isDropped"]
    ]
    wanted = []
    for number, truth in expected.items():
        assert employee_in(found[number]["fromUser" if truth["direction"] == "out" else "toUser"]) in (
            employees_of(truth)
        )
        if status := WANTED[type_of(truth)]:
            client = clients.get(truth["contact_phone_number"])
            wanted.append(todo(truth, status, found[number]["id"], client))
    assert by_call([todo_in_megaplan(each) for each in todos]) == by_call(wanted)
    responsible = {todo_in_megaplan(each)["call"]: employee_in(each["responsible"]) for each in todos}
    for number, call in found.items():
        if call["id"] in responsible:
            assert responsible[call["id"]] in employees_of(expected[number])
    assert clients, "some numbers have a client"
    again = night.run(since=(night.now() - timedelta(days=1)).date(), **SETTINGS)
    assert (again.verdict, again.same) == ("proven", len(expected))


def by_call(todos: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(todos, key=lambda each: (str(each["call"]), str(each["name"])))

"""What Megaplan has of a call in the end depends on the facts, not on the order in which they came and were pushed.

``HISTORIES=2000 pytest tests/integration/telephony/test_any_order.py`` is the long form.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import psycopg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from megaplan_sync.inbox.event_store import UIS_NOTIFICATION, store_report_rows
from megaplan_sync.kernel.session import DurableSession
from megaplan_sync.telephony.push.account_push import AccountPush
from tests.emulators.uis_client import Client

from ..stored_messages import store_messages
from .push_world import PushWorld, uis_settings
from .test_push_recordings import play

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
HISTORIES = int(os.environ.get("HISTORIES", "25"))
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)
PUSH = "push"
KINDS = ("none", "planned", "done")
Fact = tuple[str, int, dict[str, Any]]
"""Mnemonic, seconds since the call began, and further values; ``report`` is a row of the report."""


def talk(employee: int, at: int, seconds: int) -> list[Fact]:
    leg = {"employee_id": employee, "leg_id": employee}
    return [
        ("talk_started", at, leg),
        ("talk_finished", at + seconds, {**leg, "talk_time_duration": seconds}),
    ]


RINGS: list[Fact] = [
    ("in_call_session", 0, {}),
    ("call_proceeding", 1, {"employee_id": 501, "leg_id": 501}),
    ("call_proceeding", 2, {"employee_id": 502, "leg_id": 502}),
]
COURSES: list[list[Fact]] = [
    [*RINGS, ("lost_call_session", 20, {"employee_ids": [501, 502]})],
    [*RINGS, *talk(501, 5, 40), ("call_session_finished", 45, {"talk_time_duration": 40, "is_lost": False})],
    [*RINGS, *talk(501, 5, 40), *talk(502, 44, 30), ("call_session_finished", 75, {"is_lost": False})],
    [*RINGS, *talk(502, 6, 10)],  # the end was lost
    [*RINGS, ("call_session_finished", 20, {"is_lost": True})],
    [*RINGS, ("call_session_finished", 45, {})],  # by this template nobody knows the outcome
]
RECORDINGS: list[list[Fact]] = [[], [("talk_record_file", 80, {"employee_id": 501})]]
REPORTS: list[list[Fact]] = [
    [],
    [("report", 100, {"is_lost": True})],
    [("report", 100, {"is_lost": False, "last_talked_employee_id": 502, "talk_duration": 31})],
    [("report", 100, {"is_lost": False, "last_talked_employee_id": 501, "is_recorded": True})],
    [
        ("report", 100, {"is_lost": True}),
        ("report", 200, {"is_lost": False, "last_talked_employee_id": 502, "is_recorded": True}),
    ],
    [
        (
            "report",
            100,
            {"is_lost": False, "last_talked_employee_id": 501, "contact_phone_number": "79991112233"},
        ),
        ("report", 200, {"is_lost": True}),
    ],
]


@dataclass
class Histories:
    """Tells facts of calls and pushes in between; each call has a number of its own."""

    world: PushWorld
    connection: psycopg.Connection[Any]
    link: str
    numbers: Iterator[int] = field(default_factory=lambda: count(800_000_001))
    pushes: dict[str, AccountPush] = field(default_factory=dict)

    def push(self, given: dict[str, Any]) -> None:
        key = json.dumps(given, sort_keys=True)
        if key not in self.pushes:
            self.pushes[key] = self.world.new_push(self.connection, **given)
        self.pushes[key].run()

    def store(self, number: int, fact: Fact) -> None:
        mnemonic, after, values = fact
        at = BEGAN + timedelta(seconds=after)
        if mnemonic == "report":
            row = {
                "id": number,
                "direction": "in",
                "contact_phone_number": "79995550011",
                "virtual_phone_number": "74950000001",
                "start_time": f"{BEGAN + timedelta(hours=3):%Y-%m-%d %H:%M:%S}",
                "finish_time": f"{BEGAN + timedelta(hours=3, seconds=90):%Y-%m-%d %H:%M:%S}",
                **values,
            }
            if row.pop("is_recorded", False):
                row["full_record_file_link"] = self.link
            store_report_rows(self.connection, self.world.account, [row], read_at=at)
            return
        body = {
            "notification_mnemonic": mnemonic,
            "notification_timestamp": int(at.timestamp()),
            "call_session_id": number,
            "direction": "in",
            "contact_phone_number": "79995550011",
            "virtual_phone_number": "74950000001",
            **values,
        }
        if mnemonic == "talk_record_file":
            body["file_link"] = self.link
        store_messages(
            self.connection,
            self.world.account,
            UIS_NOTIFICATION,
            [(json.dumps(body).encode(), "application/json", None)],
        )

    def play(self, steps: list[Fact | str], given: dict[str, Any]) -> int:
        """Tell the facts, push where a step says so and in the end; return the number of the call."""
        number = next(self.numbers)
        for step in steps:
            if isinstance(step, str):
                self.push(given)
            else:
                self.store(number, step)
        for _ in range(3):
            self.world.let_time_pass()
            self.push(given)
        return number

    def end_of(self, number: int) -> Any:
        """Return what Megaplan has of a call, without ids and numbers."""
        calls = [call for call in self.world.calls() if call["providerId"] == str(number)]
        todos = [
            todo
            for todo in self.world.todos()
            if not todo.get("isDropped") and f"Звонок UIS {number}" in todo["description"]
        ]
        told = [
            {
                **{name: call[name] for name in ("type", "state", "fromPhone", "toPhone", "recordLinks")},
                "times": (call["timeFrom"]["value"], call["timeTo"] and call["timeTo"]["value"]),
                "employee": call["toUser"] and call["toUser"]["id"],
            }
            for call in calls
        ]
        communications = [
            {
                "name": todo["name"],
                "text": todo["description"].replace(str(number), ""),
                "when": (todo["when"]["from"]["value"], todo["when"]["to"]["value"]),
                "status": todo["status"]["masterType"],
                "employee": todo["responsible"] and todo["responsible"]["id"],
                "of": [each["contentType"] for each in todo["relations"]],
            }
            for todo in todos
        ]
        return told, communications


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Fact], list[Fact | str], dict[str, Any]]:
    """Draw facts, an order of them with repetitions and pushes in between, and settings."""
    facts = [
        *draw(st.sampled_from(COURSES)),
        *draw(st.sampled_from(RECORDINGS)),
        *draw(st.sampled_from(REPORTS)),
    ]
    repeated = draw(st.lists(st.sampled_from(facts), max_size=2))
    pushes: list[Fact | str] = [PUSH] * draw(st.integers(1, 4))
    steps = draw(st.permutations([*facts, *repeated, *pushes]))
    given = {
        "communication_incoming_answered": draw(st.sampled_from(KINDS)),
        "communication_incoming_missed": draw(st.sampled_from(KINDS)),
    }
    return facts, steps, given


def test_the_end_does_not_depend_on_the_order(world: PushWorld, uis: Client) -> None:
    world.uis = uis_settings(uis.url)
    _, link = play(uis)
    with DurableSession.open(world.uri) as connection:
        told = Histories(world, connection, link)
        ends: set[tuple[str, bool, tuple[str, ...]]] = set()

        @settings(
            max_examples=HISTORIES,
            deadline=None,
            derandomize=HISTORIES <= 100,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        @given(history=histories())
        def in_any_order(history: tuple[list[Fact], list[Fact | str], dict[str, Any]]) -> None:
            facts, steps, chosen = history
            at_once = told.end_of(told.play(list(facts), chosen))
            assert told.end_of(told.play(steps, chosen)) == at_once
            calls, communications = at_once
            assert len(calls) <= 1
            assert len(communications) <= 1
            ends.update(
                (call["type"], bool(call["recordLinks"]), tuple(todo["status"] for todo in communications))
                for call in calls
            )
            world.megaplan.control(
                "mutate", {"op": "delete_calls", "ids": [call["id"] for call in world.calls()]}
            )
            connection.execute("DELETE FROM telephony.call_deliveries")
            connection.execute("DELETE FROM telephony.calls")

        in_any_order()
        assert {"in", "miss"} == {kind for kind, _, _ in ends}
        assert ("in", True, ("success",)) in ends
        assert len(ends) >= 6, "of all kinds"

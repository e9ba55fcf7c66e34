"""The event traces: the calls derived from them, regardless of order and repetitions."""

import json
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from megaplan_sync.inbox.notifications import read_notification
from megaplan_sync.telephony.calls.call import Call, CallEvent
from megaplan_sync.telephony.calls.call_derivation import derive_call

TRACES = {
    path.stem: json.loads(path.read_text("utf-8")) for path in Path(__file__).parent.glob("traces/*.json")
}
DAY = datetime(2026, 1, 15, tzinfo=UTC)
SESSION = 700_100_200
MOMENTS = {"started_at", "answered_at", "finished_at", "first_event_at", "last_event_at"}
SHUFFLES = 40
SURELY = {"direction", "outcome", "is_finished", "uis_employee_id"}
PAGE = (Path(__file__).parents[5] / "docs" / "telephony-calls.md").read_text(encoding="utf-8")


def moment(text: str | None) -> datetime | None:
    """Parse ``10:00:00.000``; with ``+1 `` before it, of the next day."""
    if text is None:
        return None
    days, _, clock = text.rpartition(" ")
    hours = datetime.strptime(clock, "%H:%M:%S.%f")
    return DAY.replace(
        hour=hours.hour, minute=hours.minute, second=hours.second, microsecond=hours.microsecond
    ) + timedelta(days=int(days or 0))


def events_of(trace: dict[str, Any]) -> list[CallEvent]:
    """Return the events of a trace."""
    events = []
    for spec in trace["events"]:
        values = {**trace["of_all"], **{k: v for k, v in spec.items() if k not in ("event", "at")}}
        for name in ("start_time", "finish_time"):
            if values.get(name):
                at = moment(values[name])
                values[name] = at and at.isoformat()
        values.setdefault("call_session_id", SESSION)
        at = moment(spec["at"])
        assert at is not None
        events.append(CallEvent("acme", values["call_session_id"], spec["event"], at, values))
    return events


def derived_calls(events: list[CallEvent]) -> list[Call]:
    """Return the calls of these events, by session."""
    sessions = sorted({event.call_session_id for event in events})
    return [derive_call(event for event in events if event.call_session_id == one) for one in sessions]


def shown(call: Call) -> dict[str, Any]:
    """Return a call with lists instead of tuples."""
    records = [record._asdict() for record in call.records]
    return asdict(call) | {
        "rung_employees": list(call.rung_employees),
        "talked_employees": list(call.talked_employees),
        "records": records,
    }


@pytest.mark.parametrize("name", sorted(TRACES))
def test_the_call_of_a_trace(name: str) -> None:
    trace = TRACES[name]
    calls = [shown(call) for call in derived_calls(events_of(trace))]
    assert len(calls) == len(trace["calls"]) > 0
    for call, expected in zip(calls, trace["calls"], strict=True):
        expected = {key: moment(value) if key in MOMENTS else value for key, value in expected.items()}
        assert expected.keys() >= SURELY
        assert {key: call[key] for key in expected} == expected


@pytest.mark.parametrize("name", sorted(TRACES))
def test_order_and_repetition_change_nothing(name: str) -> None:
    events, chance = events_of(TRACES[name]), Random(name)
    derived = derived_calls(events)
    if len(events) <= 5:
        orders = [list(order) for order in permutations(events)]
    else:
        orders = [chance.sample(events, len(events)) for _ in range(SHUFFLES)]
    for order in orders:
        again = order + chance.choices(order, k=len(order))
        chance.shuffle(again)
        assert derived_calls(order) == derived
        assert derived_calls(again) == derived


@pytest.mark.parametrize("name", sorted(TRACES))
def test_no_loss_of_one_event_fails_or_finishes_a_call(name: str) -> None:
    events = events_of(TRACES[name])
    whole = {call.call_session_id: call for call in derived_calls(events)}
    for missing in range(len(events)):
        for call in derived_calls(events[:missing] + events[missing + 1 :]):
            full = whole[call.call_session_id]
            assert call.is_finished <= full.is_finished
            assert call.event_count <= full.event_count
            if call.direction == full.direction and name != "report_overrules":
                assert call.outcome in (None, full.outcome) or name in ("newer_report", "later_end")


def test_a_call_is_derived_from_the_events_of_one_session() -> None:
    with pytest.raises(ValueError, match="one call session"):
        derive_call([])
    with pytest.raises(ValueError, match="one call session"):
        derive_call(events_of(TRACES["two_calls_at_once"]))


def test_every_trace_is_documented() -> None:
    assert len(TRACES) >= 20
    documented = dict(re.findall(r"^\| \[`(\w+)`\]\([^)]+\) \| (.+?) \|", PAGE, re.MULTILINE))
    assert documented == {name: trace["description"] for name, trace in TRACES.items()}


def test_every_event_of_the_traces_is_documented() -> None:
    documented = set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE)) | set(re.findall(r", `(\w+)`", PAGE))
    used = {spec["event"] for trace in TRACES.values() for spec in trace["events"]} - {None}
    assert len(used) > 10
    assert used <= documented


ENDLESS = 2**63 - 1


@pytest.mark.parametrize(
    "values",
    [
        {"notification_mnemonic": "talk_finished", "talk_time_duration": ENDLESS},
        {"notification_mnemonic": "talk_finished", "talk_time_duration": 10**11},
        {"talk_time_duration": ENDLESS, "total_time_duration": ENDLESS, "wait_time_duration": ENDLESS},
        {"talk_time_duration": 3, "wait_time_duration": 3 * 10**9, "total_time_duration": "9999999999"},
        {"start_time": "0001-01-02 00:00:00", "finish_time": "9999-12-30 00:00:00", "talk_time_duration": 3},
        {"start_time": "9999-12-30 00:00:00", "talk_time_duration": 3, "wait_time_duration": 10**6},
        {"notification_time": "0001-01-02 00:00:00", "talk_time_duration": 100},
        {"notification_time": "9999-12-30 00:00:00", "notification_timestamp": ENDLESS},
        {"notification_timestamp": 0, "talk_time_duration": 100},
        {"notification_mnemonic": "talk_record_file", "file_link": "x", "file_duration": ENDLESS},
    ],
)
def test_implausible_times_and_durations_do_not_prevent_a_derivation(values: dict[str, Any]) -> None:
    """Otherwise, one such event would stop all calls of its account."""
    body = {
        "notification_mnemonic": "call_session_finished",
        "call_session_id": 700,
        "direction": "in",
        **values,
    }
    said = read_notification(json.dumps(body).encode(), None, zone=ZoneInfo("Europe/Moscow"))
    assert said.values is not None
    received_at = datetime(2026, 9, 21, 9, tzinfo=UTC)
    call = derive_call([CallEvent("acme", 700, said.mnemonic, said.occurred_at or received_at, said.values)])
    seconds = [
        call.talk_seconds,
        call.wait_seconds,
        call.total_seconds,
        *(one.seconds for one in call.records),
    ]
    assert all(one is None or one < 2**31 for one in seconds)
    assert {call.started_at.year, (call.finished_at or received_at).year} == {2026}


@pytest.mark.parametrize(
    ("contact", "is_internal"),
    [
        ("101", True),
        ("0101", True),
        ("sip:101@pbx.example.org", True),
        ("101@pbx.example.org", True),
        ("sip:79000000001@pbx.example.org", False),
        ("anonymous", False),
    ],
)
def test_an_internal_number_is_one_in_every_form(contact: str, is_internal: bool) -> None:
    values = {"contact_phone_number": contact, "direction": "in"}
    assert (
        derive_call([CallEvent("acme", 700, "call_session_finished", DAY, values)]).is_internal is is_internal
    )


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("\u202e+7 (999) 555-00-11\u200b", "79995550011"),
        ("anonymous", "anonymous"),
        ("Банк\u202e\u200b\u2066 России\r\n\x1b[31m \x00\ufeff", "Банк России [31m"),
        ("<b>\t1</b>", "<b> 1</b>"),  # nothing is escaped here: Megaplan gets a value, not HTML
        ("\u200b\n", None),
        ("x" * 5000, "x" * 99 + "…"),
    ],
    ids=["number", "word", "invisible marks", "tab", "nothing visible", "too long"],
)
def test_what_a_stranger_sends_as_his_number_is_what_a_person_would_see(sent: str, shown: str | None) -> None:
    values = {"contact_phone_number": sent, "virtual_phone_number": sent, "direction": "in"}
    call = derive_call([CallEvent("acme", 700, "call_session_finished", DAY, values)])
    assert (call.contact_phone, call.virtual_phone) == (shown, shown)

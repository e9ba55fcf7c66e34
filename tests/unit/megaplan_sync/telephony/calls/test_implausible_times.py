"""Times that cannot be: an end before the start, a start after its messages, an hour that comes twice, no length."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from megaplan_sync.inbox.notifications import Notification, read_notification
from megaplan_sync.inbox.report_rows import read_report_row
from megaplan_sync.telephony.calls.call import Call, CallEvent
from megaplan_sync.telephony.calls.call_derivation import derive_call

MOSCOW = ZoneInfo("Europe/Moscow")
NOON = datetime(2026, 9, 21, 9, tzinfo=UTC)
END = {"notification_mnemonic": "call_session_finished", "direction": "in"}


def read(body: dict[str, Any], zone: ZoneInfo = MOSCOW) -> Notification:
    return read_notification(json.dumps({"call_session_id": 700, **body}).encode(), None, zone=zone)


def derived(*bodies: dict[str, Any], zone: ZoneInfo = MOSCOW, report: dict[str, Any] | None = None) -> Call:
    """Return the call of these notifications, and of a row of the report that is read the next day."""
    messages = [read(body, zone) for body in bodies]
    if report is not None:
        row = json.dumps({"id": 700, **report}).encode()
        read_at = datetime(2026, 11, 2, tzinfo=UTC)
        messages.append(read_report_row(row, zone=zone, records_url=None, read_at=read_at))
    return derive_call(
        CallEvent("acme", 700, message.mnemonic, message.occurred_at or NOON, message.values or {})
        for message in messages
    )


def sent(at: datetime, mnemonic: str = "call_session_finished", **values: Any) -> dict[str, Any]:
    """Return a notification of this moment."""
    body = {
        "notification_mnemonic": mnemonic,
        "direction": "in",
        "notification_timestamp": int(at.timestamp()),
    }
    return {**body, **values}


def local(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as UIS writes it."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def span(call: Call) -> tuple[datetime, datetime | None]:
    return call.started_at, call.finished_at


# -- the hour that comes twice

CLOCKS = {
    # zone: the moment when the clocks are set back, and by how many minutes
    "Europe/Berlin": (datetime(2026, 10, 25, 1, tzinfo=UTC), 60),
    "America/New_York": (datetime(2026, 11, 1, 6, tzinfo=UTC), 60),
    "Australia/Lord_Howe": (datetime(2026, 4, 4, 15, tzinfo=UTC), 30),
    "Europe/Moscow": (datetime(2026, 10, 25, 1, tzinfo=UTC), 0),
}
MINUTES = [(-65, -61), (-50, -40), (-5, 5), (-50, 10), (10, 20), (-20, 50), (25, 28), (61, 65), (-70, 70)]


@pytest.mark.parametrize("minutes", MINUTES, ids=str)
@pytest.mark.parametrize("zone", CLOCKS)
@pytest.mark.parametrize("known", ["timestamps", "report and timestamps", "report alone", "parts alone"])
def test_an_hour_that_comes_twice(zone: str, minutes: tuple[int, int], known: str) -> None:
    """The end of a call from 02:55 summer time to 02:05 winter time was fifty minutes before its start."""
    moment, back = CLOCKS[zone]
    began, ended = (moment + timedelta(minutes=each) for each in minutes)
    there = ZoneInfo(zone)
    total = int((ended - began).total_seconds())
    lengths = {"talk_time_duration": total - 5, "wait_time_duration": 5, "total_time_duration": total}
    times = {"start_time": local(began, there), "finish_time": local(ended, there)}
    row = {**times, "direction": "in", "is_lost": False, "total_duration": total, "talk_duration": total - 5}
    if known == "timestamps":
        opening = sent(began, "in_call_session", notification_time=local(began, there))
        end = sent(ended, **times, **lengths, notification_time=local(ended, there), is_lost=False)
        calls = [derived(opening, end, zone=there), derived(end, zone=there)]
    elif known == "report and timestamps":
        calls = [derived(sent(began + timedelta(seconds=1), "call_proceeding"), zone=there, report=row)]
    else:
        if known == "parts alone":
            row["wait_duration"] = row.pop("total_duration") - row["talk_duration"]
        calls = [derived(zone=there, report=row)]
        if (
            0 < minutes[0] < minutes[1] < back
        ):  # nothing says which of the two times it was: the first one counts
            began, ended = (each - timedelta(minutes=back) for each in (began, ended))
    assert [span(call) for call in calls] == [(began, ended)] * len(calls)
    assert {call.total_seconds for call in calls} == {total}


def test_times_of_an_hour_that_the_clocks_skip_follow_the_timestamp() -> None:
    berlin, at = ZoneInfo("Europe/Berlin"), datetime(2026, 3, 29, 1, 40, tzinfo=UTC)
    for started, minutes in (("2026-03-29 02:30:00", 10), ("2026-03-29 03:30:00", 10)):
        call = derived(
            sent(at, start_time=started, total_time_duration=600, talk_time_duration=590), zone=berlin
        )
        assert span(call) == (at - timedelta(minutes=minutes), at)


# -- what cannot be


def test_an_end_before_the_start_is_not_believed() -> None:
    call = derived(
        sent(NOON, "in_call_session"),
        sent(NOON + timedelta(minutes=3), finish_time="2026-09-21 11:50:00", talk_time_duration=170),
    )
    assert span(call) == (NOON, NOON + timedelta(minutes=3))


def test_of_a_row_whose_end_is_before_its_start_the_length_counts() -> None:
    row = {"start_time": "2026-09-21 12:00:00", "finish_time": "2026-09-21 11:00:00", "is_lost": False}
    call = derived(report={**row, "direction": "in", "total_duration": 60, "talk_duration": 55})
    assert span(call) == (NOON - timedelta(hours=1, seconds=60), NOON - timedelta(hours=1))
    call = derived(report={**row, "direction": "in"})
    assert span(call) == (NOON, None), "without a length, it is not known when the call ended"


@pytest.mark.parametrize("started", ["2026-09-22 12:00:00", "2030-01-01 00:00:00", "2026-07-01 12:00:00"])
def test_a_start_after_its_messages_or_months_before_them_is_not_believed(started: str) -> None:
    end = NOON + timedelta(minutes=3)
    call = derived(sent(NOON, "in_call_session"), sent(end, start_time=started, talk_time_duration=170))
    assert span(call) == (NOON, end)
    alone = derived(sent(end, start_time=started, talk_time_duration=170, wait_time_duration=10))
    assert span(alone) == (NOON, end)
    ringing = derived(sent(NOON, "in_call_session", start_time="2030-01-01 00:00:00"))
    assert span(ringing) == (NOON, None)


@pytest.mark.parametrize(
    "lengths",
    [
        {"total_time_duration": 180, "talk_time_duration": 170},
        {"talk_time_duration": 170, "wait_time_duration": 10},
        {"talk_time_duration": 180},
        {"start_time": "2026-09-21 12:03:00", "total_time_duration": 180, "talk_time_duration": 170},
    ],
)
def test_a_missing_start_is_computed_from_the_length(lengths: dict[str, Any]) -> None:
    assert span(derived(sent(NOON + timedelta(minutes=3), **lengths))) == (NOON, NOON + timedelta(minutes=3))


def test_the_length_of_what_was_talked_or_recorded_gives_a_missing_start() -> None:
    end, three = sent(NOON, is_lost=False), timedelta(minutes=3)
    talked = derived(sent(NOON, "talk_finished", talk_time_duration=180, employee_id=501), end)
    assert (talked.outcome, *span(talked)) == ("answered", NOON - three, NOON)
    record = sent(NOON + timedelta(seconds=9), "talk_record_file", file_link="https://x/a", file_duration=180)
    recorded = derived(end, record)
    assert (recorded.outcome, *span(recorded)) == ("answered", NOON - three, NOON)


def test_the_newest_end_counts_and_not_the_loss_of_a_leg() -> None:
    opening = sent(NOON, "in_call_session")
    later = NOON + timedelta(seconds=40)
    lost = derived(
        opening,
        sent(NOON + timedelta(seconds=10), "lost_call_session"),
        sent(NOON + timedelta(seconds=20), "call_proceeding", employee_id=501, leg_id=2),
        sent(later, "lost_call_session"),
    )
    assert (lost.outcome, *span(lost)) == ("missed", NOON, later)


def test_an_answered_call_without_any_length_has_no_outcome() -> None:
    end = sent(
        NOON, is_lost=False, talk_time_duration=0, total_time_duration=0, start_time="2026-09-21 12:00:00"
    )
    assert (derived(end).outcome, derived(end).is_finished) == (None, True)
    row = {"start_time": "2026-09-21 12:00:00", "finish_time": "2026-09-21 12:00:00", "direction": "in"}
    assert derived(end, report={**row, "is_lost": False, "total_duration": 0}).outcome is None
    longer = {**row, "finish_time": "2026-09-21 12:01:00", "is_lost": False, "talk_duration": 50}
    assert derived(end, report=longer).outcome == "answered"
    assert derived(sent(NOON, "lost_call_session")).outcome == "missed"


@pytest.mark.parametrize("minutes", [-40, -20, 20, 40])
def test_without_a_timestamp_the_arrival_decides_which_of_two_hours_it_was(minutes: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    at = CLOCKS["Europe/Berlin"][0] + timedelta(minutes=minutes)
    body = {**END, "call_session_id": 700, "notification_time": local(at, berlin)}
    received_at = at + timedelta(seconds=2)
    found = read_notification(json.dumps(body).encode(), None, zone=berlin, received_at=received_at)
    assert found.occurred_at == at

"""Calls that the emulated telephony plays, notified by HTTP: ``telephony.calls`` equals what really happened."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg import Connection
from psycopg.rows import dict_row

from emulators.uis.calls.kinds import KINDS
from megaplan_sync.inbox.event_store import store_report_rows
from megaplan_sync.telephony.calls.call_table import drain
from tests.emulators.uis_client import Client
from tests.integration.telephony.notification_receiver import NotificationReceiver
from uis_hook.reports import CALL_FIELDS

pytest_plugins = ["tests.emulators.uis_fixtures"]

ACCOUNT = "acme"
MOSCOW = ZoneInfo("Europe/Moscow")
# how notifications are set up: template, method, content type, query of the URL
SETUPS: dict[str, dict[str, Any]] = {
    "flat": {"template": "flat"},
    "flat as text": {"template": "flat", "content_type": "text/plain"},
    "flat as a form": {"template": "flat", "content_type": "application/x-www-form-urlencoded"},
    "default": {"template": "default"},
    "default with the event in the address": {"template": "default", "url": "/hook?event={event}"},
    "default by GET": {"template": "default", "method": "GET", "url": "/hook?event={event}"},
}


@pytest.fixture
def receiver(database_uri: str, database: Connection[Any]) -> Iterator[NotificationReceiver]:
    receiver = NotificationReceiver(database_uri, ACCOUNT)
    yield receiver
    receiver.close()
    assert receiver.failures == []


def listen(uis: Client, receiver: NotificationReceiver, setup: str = "flat", **knobs: Any) -> None:
    spec = {"event": "all", **SETUPS[setup]}
    uis.control("notifications", spec | {"url": receiver.url + spec.get("url", "/hook")})
    uis.control("knobs", knobs)


def derive(database: Connection[Any]) -> dict[int, dict[str, Any]]:
    for _ in drain(database, ACCOUNT):
        pass
    with database.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("SELECT * FROM telephony.calls WHERE account = %s", (ACCOUNT,)).fetchall()
    return {row["call_session_id"]: row for row in rows}


def outcome_of(truth: dict[str, Any]) -> str:
    if not truth["is_lost"]:
        return "answered"
    return "missed" if truth["direction"] == "in" else "unanswered"


def rung(truth: dict[str, Any]) -> list[int]:
    """Return whose phones rang, in order, then busy employees, who only appear in lists."""
    legs = [leg for leg in truth["legs"] if leg["employee_id"] is not None]
    ringing = [leg for leg in legs if leg["connected"] is not None or leg["finished"] > leg["started"]]
    in_order = sorted(ringing, key=lambda leg: (leg["started"], leg["id"]))
    return list(dict.fromkeys(leg["employee_id"] for leg in (*in_order, *legs)))


def last_rung(truth: dict[str, Any]) -> int | None:
    legs = [
        leg for leg in truth["legs"] if leg["employee_id"] is not None and leg["finished"] > leg["started"]
    ]
    last = max(legs, key=lambda leg: (leg["started"], leg["id"]), default=None)
    employee: int | None = last["employee_id"] if last else (truth["employees"] or [None])[-1]
    return employee


def about(timestamp: float | None) -> Any:
    return None if timestamp is None else pytest.approx(timestamp, abs=1.01)


def seconds(moment: datetime | None) -> float | None:
    return None if moment is None else moment.timestamp()


def assert_same(row: dict[str, Any], truth: dict[str, Any], *, complete: bool = True) -> None:
    """Compare a call with the truth; ``complete``: no notification was lost, so the order of ringing is known."""
    talks, lost = truth["talks"], truth["is_lost"]
    assert row["is_finished"]
    assert row["direction"] == truth["direction"]
    assert row["outcome"] == outcome_of(truth)
    assert row["is_internal"] == truth["is_internal"]
    assert row["contact_phone"] == truth["contact_phone_number"]
    assert row["virtual_phone"] == truth["virtual_phone_number"]
    assert row["external_id"] == truth["external_id"]
    assert row["call_source"] == truth["source"]
    assert seconds(row["started_at"]) == about(truth["started"])
    assert seconds(row["finished_at"]) == about(truth["finished"])
    assert seconds(row["answered_at"]) == about(talks[0]["started"] if talks else None)
    talked = sum(talk["finished"] - talk["started"] for talk in talks)
    assert row["talk_seconds"] == about(talked)
    assert row["total_seconds"] == about(truth["finished"] - truth["started"])
    assert row["wait_seconds"] == about(
        (talks[0]["started"] if talks else truth["finished"]) - truth["started"]
    )
    assert row["expects_record"] is (True if truth["recordings"] else False if lost else None)
    if complete:
        assert row["rung_employees"] == rung(truth)
        assert row["uis_employee_id"] == (truth["talked"][-1] if truth["talked"] else last_rung(truth))
        assert row["records"] == [
            {"url": one["link"], "kind": one["kind"], "record_id": one["id"], "seconds": one["duration"]}
            for one in truth["recordings"]
        ]
    else:
        assert set(row["rung_employees"]) == set(truth["employees"])
        found = [(one["record_id"], one["kind"], one["url"]) for one in row["records"]]
        assert found == [(one["id"], one["kind"], one["link"]) for one in truth["recordings"]]
        if truth["talked"]:
            assert row["uis_employee_id"] == truth["talked"][-1]
        else:
            assert row["uis_employee_id"] in (truth["employees"] or [None])


@pytest.mark.parametrize("setup", SETUPS)
def test_every_kind_of_call_is_derived_as_it_happened(
    setup: str, uis: Client, receiver: NotificationReceiver, database: Connection[Any]
) -> None:
    listen(uis, receiver, setup)
    truths = {kind: uis.play(kind, external_id=f"mp-{kind}") for kind in KINDS}
    calls = derive(database)
    assert len(calls) == len(truths) == len(KINDS) > 15
    for kind, truth in truths.items():
        row = calls[truth["id"]]
        if setup.startswith("default") and kind == "internal":
            assert row["is_internal"], "by the contact's number: no default template has it"
        if setup.startswith("default") and truth["direction"] == "in" and truth["is_lost"]:
            truth = {**truth, "external_id": row["external_id"], "source": row["call_source"]}
        assert_same(row, truth)
    outbox = database.execute("SELECT call_session_id FROM telephony.call_deliveries").fetchall()
    assert {session for (session,) in outbox} == {t["id"] for t in truths.values() if not t["is_internal"]}
    broken = database.execute(
        "SELECT broken, repaired FROM telephony.events WHERE broken IS NOT NULL"
    ).fetchall()
    assert broken == []


def test_duplicates_and_disorder_change_nothing(
    uis: Client, receiver: NotificationReceiver, database: Connection[Any]
) -> None:
    listen(
        uis,
        receiver,
        notify_duplicates=0.5,
        notify_disorder=0.6,
        notify_disorder_s=90,
        notify_duplicate_delay_s=20,
    )
    ids = uis.mutate("load_calls", count=60, seed=3)["ids"]
    calls = derive(database)
    assert calls.keys() == set(ids)
    for id in ids:
        assert_same(calls[id], uis.truth(id))
    twice = sum(not stored.is_new for stored in receiver.stored)
    assert twice > 100
    (counted,) = database.execute(
        "SELECT sum(times_received) - count(*) FROM telephony.events"
    ).fetchone() or (0,)
    assert counted == twice


def test_the_report_brings_what_was_lost(
    uis: Client, receiver: NotificationReceiver, database: Connection[Any]
) -> None:
    listen(uis, receiver, notify_loss=0.4, notify_duplicates=0.2, notify_disorder=0.5, notify_disorder_s=60)
    ids = uis.mutate("load_calls", count=80, seed=4)["ids"]
    before = derive(database)
    assert not all(row["is_finished"] for row in before.values()), "ends were lost"
    rows = uis.report(fields=[*CALL_FIELDS, "voice_mail_records"])
    asked = datetime.now(UTC)
    stored = store_report_rows(database, ACCOUNT, rows, records_url=uis.url, read_at=asked)
    assert {event.call_session_id for event in stored} == set(ids)
    assert {event.mnemonic for event in stored} == {"calls_report"}
    calls = derive(database)
    assert calls.keys() == set(ids)
    for id in ids:
        assert_same(calls[id], uis.truth(id), complete=False)
    again = store_report_rows(database, ACCOUNT, rows, records_url=uis.url)
    assert not any(event.is_new for event in again)
    assert list(drain(database, ACCOUNT)) == []


def test_a_call_is_derived_while_it_is_in_progress(
    uis: Client, receiver: NotificationReceiver, database: Connection[Any]
) -> None:
    listen(uis, receiver)
    id = uis.mutate("play_call", kind="incoming_answered", talk=None)["id"]
    uis.advance(1)
    ringing = derive(database)[id]
    assert (ringing["is_finished"], ringing["outcome"], ringing["answered_at"]) == (False, None, None)
    assert ringing["rung_employees"] == [501, 502, 503]
    uis.advance(5)
    talking = derive(database)[id]
    assert talking["uis_employee_id"] == 501
    assert talking["answered_at"] is not None
    assert database.execute("SELECT FROM telephony.call_deliveries").fetchall() == []
    uis.mutate("hang_up_call", id=id)
    uis.advance(10)
    assert_same(derive(database)[id], uis.truth(id))
    assert len(database.execute("SELECT FROM telephony.call_deliveries").fetchall()) == 1


def test_moments_of_an_account_elsewhere_are_utc(uis: Client, database: Connection[Any]) -> None:
    truth = uis.play("incoming_answered")
    rows = uis.report(fields=CALL_FIELDS)
    store_report_rows(database, ACCOUNT, rows, zone=MOSCOW)
    right = derive(database)[truth["id"]]
    assert right["started_at"].timestamp() == about(truth["started"])
    store_report_rows(database, "elsewhere", rows, zone=ZoneInfo("Asia/Vladivostok"))
    for _ in drain(database, "elsewhere"):
        pass
    shifted = database.execute(
        "SELECT started_at FROM telephony.calls WHERE account = 'elsewhere'"
    ).fetchone()
    assert shifted is not None
    assert (right["started_at"] - shifted[0]).total_seconds() == 7 * 3600

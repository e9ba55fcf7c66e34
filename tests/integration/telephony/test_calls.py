"""New events become calls, each derived by one of several runs; finished calls get a row in the outbox."""

import json
import threading
import time
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from megaplan_sync.inbox.event_store import UIS_NOTIFICATION, store_report_rows
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.calls.call import Call
from megaplan_sync.telephony.calls.call_table import derive_new_calls, drain

from ..stored_messages import Received, store_messages

ACCOUNT = "acme"
SESSION = 700_100_200
BEGIN = datetime(2026, 1, 15, 7, tzinfo=UTC)


@pytest.fixture
def telephony(database: Connection[Any]) -> Connection[Any]:
    return database


def body(mnemonic: str, after: float, session: int = SESSION, **values: Any) -> Received:
    sent = {
        "notification_mnemonic": mnemonic,
        "notification_time": (BEGIN + timedelta(hours=3, seconds=after)).strftime("%Y-%m-%d %H:%M:%S.%f")[
            :-3
        ],
        "call_session_id": session,
        "direction": "in",
        "contact_phone_number": "79000000001",
        **values,
    }
    return json.dumps(sent).encode(), "application/json", None


def call(session: int = SESSION, **values: Any) -> list[Received]:
    """Return eight notifications of an answered call."""
    first, second = {"leg_id": session * 10 + 1}, {"leg_id": session * 10 + 2, "employee_id": 501}
    return [
        body("in_call_session", 0, session, **values),
        body("in_call", 0, session, **first, **values),
        body("call_proceeding", 1, session, **second, **values),
        body("call_connected", 5, session, **second, **values),
        body("talk_started", 5, session, employee_id=501, **values),
        body("talk_finished", 65, session, employee_id=501, talk_time_duration=60, **values),
        body("call_disconnected", 65, session, **second, **values),
        body("call_session_finished", 65, session, employee_id=501, talk_time_duration=60, **values),
    ]


def store(connection: Connection[Any], bodies: list[Received]) -> None:
    store_messages(connection, ACCOUNT, UIS_NOTIFICATION, bodies)


def derive(connection: Connection[Any], **options: Any) -> list[Call]:
    return derive_new_calls(connection, ACCOUNT, **options)


def outbox(connection: Connection[Any]) -> list[int]:
    found = connection.execute("SELECT call_session_id FROM telephony.call_deliveries ORDER BY 1").fetchall()
    return [session for (session,) in found]


def waiting(connection: Connection[Any]) -> int:
    row = connection.execute("SELECT count(*) FROM telephony.events WHERE derived_at IS NULL").fetchone()
    return int((row or (0,))[0])


def whole_rows(connection: Connection[Any]) -> list[Any]:
    return connection.execute("SELECT * FROM telephony.calls ORDER BY call_session_id").fetchall()


def test_a_call_is_derived_step_by_step_and_delivered_once_it_is_over(telephony: Connection[Any]) -> None:
    bodies = call()
    store(telephony, bodies[:3])
    (ringing,) = derive(telephony)
    assert not ringing.is_finished
    assert len(whole_rows(telephony)) == 1
    assert outbox(telephony) == []
    store(telephony, bodies[3:])
    (over,) = derive(telephony)
    assert over.is_finished
    assert over.outcome == "answered"
    assert outbox(telephony) == [SESSION]
    assert waiting(telephony) == 0
    assert derive(telephony) == []


def test_the_row_is_the_derived_call(telephony: Connection[Any]) -> None:
    store(
        telephony, [*call(), body("talk_record_file", 70, file_link="https://x.test/system/media/talk/1/aa/")]
    )
    (derived,) = derive(telephony)
    with telephony.cursor() as cursor:
        row = cursor.execute("SELECT * FROM telephony.calls").fetchone()
        names = [column.name for column in cursor.description or ()]
    stored = dict(zip(names, row or (), strict=True))
    del stored["changed_at"], stored["planned_at"]
    expected = {
        **vars(derived),
        "rung_employees": list(derived.rung_employees),
        "talked_employees": list(derived.talked_employees),
    }
    assert stored == expected | {"records": [record._asdict() for record in derived.records]}


def test_repeated_events_write_nothing(telephony: Connection[Any]) -> None:
    store(telephony, call())
    derive(telephony)
    before = whole_rows(telephony)
    store(telephony, call())
    assert derive(telephony) == [], "repetitions are not new"
    telephony.execute("UPDATE telephony.events SET derived_at = NULL")
    assert len(derive(telephony)) == 1
    assert whole_rows(telephony) == before
    assert outbox(telephony) == [SESSION]


def test_a_row_changed_by_hand_is_corrected(telephony: Connection[Any]) -> None:
    store(telephony, call())
    derive(telephony)
    before = whole_rows(telephony)
    telephony.execute("UPDATE telephony.calls SET outcome = 'missed', rung_employees = '{}'")
    telephony.execute("UPDATE telephony.events SET derived_at = NULL")
    assert len(derive(telephony)) == 1
    changed_at = len(before[0]) - 2
    assert [row[:changed_at] for row in whole_rows(telephony)] == [row[:changed_at] for row in before]


def test_internal_calls_and_calls_of_unknown_direction_are_not_in_the_outbox(
    telephony: Connection[Any],
) -> None:
    store(telephony, call(1, is_internal=True) + call(2, direction=None)[2:] + call(3))
    assert {call.call_session_id for call in derive(telephony)} == {1, 2, 3}
    assert outbox(telephony) == [3]
    row = {
        "id": 2,
        "start_time": "2026-01-15 10:00:00",
        "finish_time": "2026-01-15 10:01:05",
        "is_lost": False,
    }
    store_report_rows(telephony, ACCOUNT, [{**row, "direction": "out"}])
    assert len(derive(telephony)) == 1
    assert outbox(telephony) == [2, 3]


def test_accounts_are_apart(telephony: Connection[Any]) -> None:
    store(telephony, call())
    assert derive_new_calls(telephony, "other") == []
    store_messages(telephony, "other", UIS_NOTIFICATION, call()[:1])
    ((other,), (own,)) = derive_new_calls(telephony, "other"), derive(telephony)
    assert (other.is_finished, own.is_finished) == (False, True)


def test_calls_are_derived_in_batches_oldest_first(telephony: Connection[Any]) -> None:
    for session in (5, 4, 3, 2, 1):
        store(telephony, call(session))
    batches = [[d.call_session_id for d in batch] for batch in drain(telephony, ACCOUNT, limit=2)]
    assert [sorted(batch) for batch in batches] == [[4, 5], [2, 3], [1]]


def test_broken_bodies_and_events_of_lines_are_not_derived(telephony: Connection[Any]) -> None:
    lost: list[Received] = [
        (b"broken", None, None),
        (b'{"sip_line_id": 1, "sip_line_login": "x"}', None, None),
    ]
    store(telephony, lost)
    assert derive(telephony) == []


def test_events_that_arrive_meanwhile_are_left_for_the_next_time(
    telephony: Connection[Any], database_uri: str
) -> None:
    bodies = call()
    store(telephony, bodies[:4])
    with psycopg.connect(database_uri, autocommit=True, options="-c lock_timeout=5s") as other:
        with telephony.transaction():
            assert [derived.is_finished for derived in derive(telephony)] == [False]
            store(other, bodies[4:])
            assert derive(other) == [], "the other run has locked this call"
            store(other, call(SESSION + 1))
            assert [derived.call_session_id for derived in derive(other)] == [SESSION + 1]
        assert waiting(telephony) == 4
        assert [(call.is_finished, call.event_count) for call in derive(telephony)] == [(True, 8)]


def test_a_report_row_read_again_meanwhile_is_left_for_the_next_time(
    telephony: Connection[Any], database_uri: str
) -> None:
    row = {
        "id": 1,
        "start_time": "2026-01-15 10:00:00",
        "finish_time": "2026-01-15 10:01:05",
        "direction": "in",
    }
    lost, taken = {**row, "is_lost": True}, {**row, "is_lost": False}
    store_report_rows(telephony, ACCOUNT, [lost], read_at=BEGIN)
    store_report_rows(telephony, ACCOUNT, [taken], read_at=BEGIN + timedelta(hours=1))
    with psycopg.connect(database_uri, autocommit=True) as other:
        with telephony.transaction():
            events = telephony.execute("SELECT number, times_received FROM telephony.events").fetchall()
            store_report_rows(other, ACCOUNT, [lost], read_at=BEGIN + timedelta(hours=2))
            telephony.execute(
                read_sql("mark_events_derived"),
                {
                    "account": ACCOUNT,
                    "call_session_ids": [1],
                    "numbers": [n for n, _ in events],
                    "times_received": [t for _, t in events],
                },
            )
        assert waiting(telephony) == 1
        (derived,) = derive(telephony)
        assert derived.outcome == "missed"


def test_a_run_that_fails_leaves_everything_to_the_next(telephony: Connection[Any]) -> None:
    store(telephony, call())
    with telephony.transaction(force_rollback=True):
        assert len(derive(telephony)) == 1
        assert outbox(telephony) == [SESSION]
    assert whole_rows(telephony) == outbox(telephony) == []
    assert waiting(telephony) == 8
    assert len(derive(telephony)) == 1
    assert outbox(telephony) == [SESSION]


def test_runs_at_once_while_events_keep_coming(telephony: Connection[Any], database_uri: str) -> None:
    """Four runs derive while three writers store shuffled and repeated events: no event is lost."""
    sessions = range(1, 61)
    chance = Random(1)
    every = [one for session in sessions for one in call(session)]
    sides = [chance.sample(every, len(every)) for _ in range(3)]
    failures: list[BaseException] = []
    storing = threading.Event()

    def write(own: list[Received]) -> None:
        with psycopg.connect(database_uri, autocommit=True) as connection:
            for begin in range(0, len(own), 17):
                store(connection, own[begin : begin + 17])

    def run() -> None:
        with psycopg.connect(database_uri, autocommit=True) as connection:
            while True:
                is_last = storing.is_set()
                for _ in drain(connection, ACCOUNT, limit=7):
                    pass
                if is_last:
                    return

    def guarded(work: Any, *given: Any) -> threading.Thread:
        def target() -> None:
            try:
                work(*given)
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=target)
        thread.start()
        return thread

    runs = [guarded(run) for _ in range(4)]
    for writer in [guarded(write, own) for own in sides]:
        writer.join(timeout=120)
    storing.set()
    for thread in runs:
        thread.join(timeout=120)
    assert failures == []
    assert waiting(telephony) == 0
    assert outbox(telephony) == list(sessions)
    counts = telephony.execute(
        "SELECT event_count, is_finished, talk_seconds FROM telephony.calls"
    ).fetchall()
    assert counts == [(8, True, 60)] * len(sessions)


def test_five_thousand_calls_take_seconds(telephony: Connection[Any]) -> None:
    """Measured: 9 s, of them 2 s of this process, on two cores with three times as much to do."""
    for begin in range(0, 5000, 250):
        store(telephony, [one for session in range(begin + 1, begin + 251) for one in call(session)])
    telephony.execute("ANALYZE telephony.events")
    began = time.monotonic()
    derived = sum(len(batch) for batch in drain(telephony, ACCOUNT))
    took = time.monotonic() - began
    assert derived == len(outbox(telephony)) == 5000
    print(f"derived in {took:.1f} s")
    assert took < 60

"""Messages are stored once, whatever they contain, and listeners are notified on commit."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from psycopg import Connection

from megaplan_sync.inbox.event_store import (
    CHANNEL,
    UIS_NOTIFICATION,
    StoredEvent,
    store_report_rows,
)

from ..stored_messages import store_message, store_messages

ACCOUNT = "acme"
BODY = (
    b'{"notification_mnemonic": "call_proceeding", "notification_time": "2026-01-15 10:00:03.417",'
    b' "call_session_id": 700100200, "employee_id": 501, "leg_id": 880011}'
)
FINISHED = BODY.replace(b"call_proceeding", b"call_session_finished")
ROW = {
    "id": 700_100_200,
    "start_time": "2026-01-15 10:00:00",
    "finish_time": "2026-01-15 10:02:10",
    "is_lost": False,
    "call_records": ["aa01"],
}


@pytest.fixture
def inbox(database: Connection[Any]) -> Connection[Any]:
    return database


@pytest.fixture
def listener(database_uri: str, inbox: Connection[Any]) -> Iterator[Connection[Any]]:
    with psycopg.connect(database_uri, autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}")
        yield connection


def store(connection: Connection[Any], body: bytes = BODY, content_type: str | None = None) -> StoredEvent:
    return store_message(connection, ACCOUNT, UIS_NOTIFICATION, body, content_type)


def rows(inbox: Connection[Any], columns: str) -> list[Any]:
    return inbox.execute(f"SELECT {columns} FROM telephony.events ORDER BY number").fetchall()


def rung(listener: Connection[Any], seconds: float = 0.3) -> list[str]:
    return [notify.payload for notify in listener.notifies(timeout=seconds)]


def test_a_notification_is_stored_as_received_with_its_values(inbox: Connection[Any]) -> None:
    stored = store(inbox, BODY, "text/plain")
    assert (stored.is_new, stored.call_session_id, stored.mnemonic, stored.broken) == (
        True,
        700_100_200,
        "call_proceeding",
        None,
    )
    assert stored.values is not None
    columns = (
        "number, source, body, content_type, mnemonic, call_session_id, occurred_at, payload, derived_at"
    )
    assert rows(inbox, columns) == [
        (
            stored.number,
            "uis_notification",
            BODY,
            "text/plain",
            "call_proceeding",
            700_100_200,
            datetime(2026, 1, 15, 7, 0, 3, 417_000, UTC),
            dict(stored.values),
            None,
        )
    ]


def test_repeated_messages_are_counted(inbox: Connection[Any]) -> None:
    first = store(inbox)
    again = store(inbox, BODY.replace(b", ", b" ,\n"))
    assert (again.number, again.is_new) == (first.number, False)
    assert not store_message(inbox, ACCOUNT, UIS_NOTIFICATION, BODY, None).is_new
    assert rows(inbox, "times_received, body") == [(3, BODY)]
    assert store_message(inbox, "other", UIS_NOTIFICATION, BODY, None).is_new, "another account's call"


def test_a_broken_body_is_stored_with_the_reason(inbox: Connection[Any]) -> None:
    bodies = [b"", b"<html>\x00\xff", BODY[:-30], b'{"call_session_id": "\\u0000"}']
    for body in bodies:
        stored = store(inbox, body, "weird\0/type")
        assert stored.is_new
        assert stored.broken
        assert not store(inbox, body).is_new
    assert rows(inbox, "body, times_received") == [(body, 2) for body in bodies]
    assert all(broken for (broken,) in rows(inbox, "broken"))


def test_a_get_is_stored_as_its_query_and_secrets_are_masked(inbox: Connection[Any]) -> None:
    query = 'secret=s3cret&notification_mnemonic="in_call_session"&call_session_id=5&direction="in"'
    stored = store_message(inbox, ACCOUNT, UIS_NOTIFICATION, b"", None, query=query)
    assert (stored.mnemonic, stored.call_session_id) == ("in_call_session", 5)
    store(inbox, b'{"secret": "s3cret", "call_session_id": 6}')
    kept = inbox.execute("SELECT string_agg(event::text, '') FROM telephony.events AS event").fetchone()
    bodies = b"".join(body for (body,) in rows(inbox, "body"))
    assert kept is not None
    assert b"s3cret" not in bodies
    assert "s3cret" not in kept[0]
    assert b"secret=***" in bodies


def test_repairs_are_recorded(inbox: Connection[Any]) -> None:
    store(inbox, b'{"call_session_id": 1, "employee_id": {{employee_id}}}')
    assert rows(inbox, "broken, repaired") == [(None, "macros were left unexpanded")]


def test_results_of_a_batch_are_in_its_order(inbox: Connection[Any]) -> None:
    store(inbox)
    messages: list[tuple[bytes, str | None, str | None]] = [
        (b"broken", None, None),
        (FINISHED, "application/json", None),
        (BODY, None, None),
        (FINISHED, None, None),
        (b"", None, "call_session_id=7&event=in_call"),
    ]
    stored = store_messages(inbox, ACCOUNT, UIS_NOTIFICATION, messages)
    assert [event.is_new for event in stored] == [True, True, False, False, True]
    assert [event.mnemonic for event in stored] == [
        None,
        "call_session_finished",
        "call_proceeding",
        "call_session_finished",
        "in_call",
    ]
    assert stored[1].number == stored[3].number
    assert store_messages(inbox, ACCOUNT, UIS_NOTIFICATION, []) == []
    assert sorted(times for (times,) in rows(inbox, "times_received")) == [1, 1, 2, 2]


def test_listeners_are_notified_of_new_events_once_they_are_committed(
    inbox: Connection[Any], listener: Connection[Any]
) -> None:
    with inbox.transaction():
        store(inbox)
        store(inbox, FINISHED)
        assert rung(listener) == []
    assert rung(listener) == [ACCOUNT]
    store(inbox)
    assert rung(listener) == [], "nothing new"


def test_a_rollback_leaves_neither_event_nor_notification(
    inbox: Connection[Any], listener: Connection[Any]
) -> None:
    with inbox.transaction(force_rollback=True):
        assert store(inbox).is_new
    assert rung(listener) == []
    assert rows(inbox, "number") == []


def test_the_commit_waits_for_the_disk_even_in_a_session_of_lazy_commits(inbox: Connection[Any]) -> None:
    def mode() -> str:
        return str((inbox.execute("SHOW synchronous_commit").fetchone() or ("",))[0])

    assert mode() == "off"
    with inbox.transaction():
        store(inbox)
        assert mode() == "on"
    assert mode() == "off"


def test_writers_at_once_neither_lose_nor_hinder_each_other(
    database_uri: str, inbox: Connection[Any]
) -> None:
    """The same forty messages from six writers, in batches and in different orders."""
    messages = [(BODY.replace(b"880011", str(leg).encode()), None, None) for leg in range(880_100, 880_140)]
    failures: list[Exception] = []
    new: list[int] = []

    def write(side: int) -> None:
        own = messages[side * 6 :] + messages[: side * 6]
        try:
            with psycopg.connect(database_uri, autocommit=True) as connection:
                for begin in range(0, len(own), 10):
                    batch = own[begin : begin + 10][:: -1 if side % 2 else 1]
                    stored = store_messages(connection, ACCOUNT, UIS_NOTIFICATION, batch)
                    new.extend(event.number for event in stored if event.is_new)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(side,)) for side in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert failures == []
    assert len(new) == len(set(new)) == 40
    assert rows(inbox, "times_received") == [(6,)] * 40


def test_a_row_of_the_report_is_an_event_with_utc_moments_and_links(inbox: Connection[Any]) -> None:
    read_at = datetime(2026, 1, 16, tzinfo=UTC)
    (stored,) = store_report_rows(
        inbox, ACCOUNT, [ROW], records_url="https://app.example.test", read_at=read_at
    )
    assert stored.is_new
    ((source, mnemonic, session, occurred_at, payload),) = rows(
        inbox, "source, mnemonic, call_session_id, occurred_at, payload"
    )
    assert (source, mnemonic, session, occurred_at) == ("uis_report", "calls_report", 700_100_200, read_at)
    assert payload["start_time"] == "2026-01-15T07:00:00+00:00"
    url = "https://app.example.test/system/media/talk/700100200/aa01/"
    assert payload["records"] == [{"url": url, "kind": "talk", "record_id": "aa01"}]


def test_a_row_without_a_link_for_its_records_keeps_their_ids(inbox: Connection[Any]) -> None:
    whole = "https://media.example.test/700100200/bb02"
    store_report_rows(
        inbox,
        ACCOUNT,
        [
            {**ROW, "voice_mail_records": ["cc03", "../x"]},
            {**ROW, "call_records": None, "full_record_file_link": whole},
        ],
    )
    first, second = sorted(
        (payload["records"] for (payload,) in rows(inbox, "payload")), key=len, reverse=True
    )
    assert first == [
        {"url": None, "kind": "talk", "record_id": "aa01"},
        {"url": None, "kind": "voice_mail", "record_id": "cc03"},
    ]
    assert second == [{"url": whole, "kind": "talk", "record_id": "bb02"}]


def test_a_row_without_id_is_stored_as_broken(inbox: Connection[Any]) -> None:
    (stored,) = store_report_rows(inbox, ACCOUNT, [{"start_time": None}])
    assert "id is 'None'" in (stored.broken or "")
    assert stored.call_session_id is None


def test_of_versions_of_a_row_the_one_read_last_is_the_newest(
    inbox: Connection[Any], listener: Connection[Any]
) -> None:
    days = [datetime(2026, 1, day, tzinfo=UTC) for day in (16, 17, 18, 19)]
    other = {**ROW, "is_lost": True}
    for row, day in zip((ROW, other), days, strict=False):
        store_report_rows(inbox, ACCOUNT, [row], read_at=day)
    inbox.execute("UPDATE telephony.events SET derived_at = now()")
    rung(listener)
    store_report_rows(inbox, ACCOUNT, [other], read_at=days[2])
    state = "payload->'is_lost', occurred_at, derived_at IS NULL, times_received"
    assert rows(inbox, state) == [(False, days[0], False, 1), (True, days[1], False, 2)], "the newest again"
    assert rung(listener) == []
    store_report_rows(inbox, ACCOUNT, [ROW], read_at=days[3])
    assert rows(inbox, state) == [(False, days[3], True, 2), (True, days[1], False, 2)], "back to the first"
    assert rung(listener) == [ACCOUNT]

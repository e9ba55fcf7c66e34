"""Old calls are deleted with all their events; nothing that is still needed is deleted, and nothing comes back."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from megaplan_sync.inbox.event_store import (
    MEGAPLAN_WEBHOOK,
    UIS_NOTIFICATION,
    store_report_rows,
)
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.calls.call_table import drain
from megaplan_sync.telephony.retention.forgotten_calls import RetentionCounts, forget_old_calls
from megaplan_sync.telephony.retention.operators import ForgetOldCallsOperator
from tests.emulators.uis_client import Client

from ..airflow_runs import postgres_connection
from ..stored_messages import store_message, store_messages
from ..sudden_death import work_until_killed
from .call_night import CallNight
from .notification_receiver import NotificationReceiver
from .push_world import PushWorld

pytest_plugins = ["tests.emulators.uis_fixtures", "tests.integration.telephony.push_fixtures"]
NOW = datetime.now(UTC)
KEEP_DAYS = 30
TABLES = ("events", "calls", "call_deliveries", "cards")
Message = tuple[bytes, str | None, str | None]


def messages(number: int, days_ago: float = 40, **values: Any) -> list[Message]:
    """Return the notifications of a missed call."""
    begin = NOW - timedelta(days=days_ago)
    leg = {"leg_id": number * 10, "employee_id": 501}
    notifications: list[tuple[str, int, dict[str, Any]]] = [
        ("in_call_session", 0, {}),
        ("call_proceeding", 1, leg),
        ("call_disconnected", 9, leg),
        ("lost_call_session", 9, {}),
    ]
    return [
        (
            json.dumps(
                {
                    "notification_mnemonic": mnemonic,
                    "notification_timestamp": int((begin + timedelta(seconds=after)).timestamp()),
                    "call_session_id": number,
                    "direction": "in",
                    "contact_phone_number": "79995550011",
                    **more,
                    **values,
                }
            ).encode(),
            "application/json",
            None,
        )
        for mnemonic, after, more in notifications
    ]


def hear(
    world: PushWorld, number: int, days_ago: float = 40, account: str | None = None, **values: Any
) -> int:
    """Add the events and a closed pop-up of a call."""
    account = account or world.account
    store_messages(world.database, account, UIS_NOTIFICATION, messages(number, days_ago, **values))
    world.database.execute("UPDATE telephony.events SET received_at = occurred_at")
    world.database.execute(
        """INSERT INTO telephony.cards (account, provider_id, call_session_id, is_companion, employee_id, state)
        VALUES (%s, %s, %s, false, 1, 'closed')""",
        (account, str(number), number),
    )
    return number


def settle(world: PushWorld, account: str) -> None:
    """Mark calls of an account without a push as delivered."""
    for _ in drain(world.database, account):
        pass
    world.database.execute(
        """INSERT INTO telephony.call_deliveries
          (account, call_session_id, stage, step, state, call_changed_at)
        SELECT account, call_session_id, stage, step, state, changed_at
        FROM telephony.calls
        CROSS JOIN (VALUES ('history', 1, 'done'), ('recording', 2, 'none'), ('communication', 3, 'none'))
          AS settled (stage, step, state)
        WHERE account = %s AND is_finished AND NOT is_internal
        ON CONFLICT (account, call_session_id, stage) DO UPDATE
        SET state = excluded.state, call_changed_at = excluded.call_changed_at""",
        (account,),
    )


def compare(world: PushWorld, account: str | None = None, at: datetime | None = None) -> None:
    """Mark all calls of an account as compared by a night."""
    world.database.execute(
        """INSERT INTO megaplan_raw.certificates (account, entity, run_id, day, depth, verdict, missing, stale, extra,
          repaired, deleted, unresolved, requests_used, duration, watermark, doc)
        VALUES (%s, 'calls', gen_random_uuid(), current_date, 'full', 'proven', 0, 0, 0, 0, 0, 0, 0, '0',
          coalesce(%s::timestamptz, clock_timestamp()), '')""",
        (account or world.account, at),
    )


def forget(world: PushWorld, keep_days: int | None = KEEP_DAYS, batch_size: int = 500) -> RetentionCounts:
    return forget_old_calls(world.database, world.account, keep_days, batch_size=batch_size)


def left(world: PushWorld, table: str = "calls", account: str | None = None) -> list[int]:
    """Return the calls that have rows in a table."""
    found = world.database.execute(
        f"SELECT DISTINCT call_session_id FROM telephony.{table} WHERE account = %s ORDER BY 1",
        (account or world.account,),
    )
    return [number for (number,) in found]


def event_numbers(world: PushWorld) -> list[int]:
    found = world.database.execute("SELECT number FROM telephony.events ORDER BY number")
    return [number for (number,) in found]


def whole_rows(world: PushWorld, number: int) -> list[Any]:
    return [
        world.database.execute(
            f"SELECT * FROM telephony.{table} AS t WHERE call_session_id = %s ORDER BY t", (number,)
        ).fetchall()
        for table in TABLES
    ]


def test_late_events_of_a_forgotten_call_change_nothing(world: PushWorld) -> None:
    """Neither repeated nor new notifications, nor UIS's report."""
    old, young = hear(world, 700), hear(world, 701, days_ago=5)
    world.push()
    compare(world)
    before, in_megaplan = whole_rows(world, young), world.calls()
    assert len(in_megaplan) == 2
    result = forget(world)
    assert str(result) == ("deleted: 1 calls, 4 events, 1 pop ups, 3 deliveries; kept although old: nothing")
    assert [left(world, table) for table in TABLES] == [[young]] * 4
    assert whole_rows(world, young) == before
    world.forget_requests()

    store_messages(world.database, world.account, UIS_NOTIFICATION, messages(old))
    new = messages(old, days_ago=0, notification_mnemonic="talk_started")
    store_messages(world.database, world.account, UIS_NOTIFICATION, new)
    row = {
        "id": old,
        "start_time": "2026-01-15 10:00:00",
        "finish_time": "2026-01-15 10:01:05",
        "is_lost": False,
    }
    for seconds in (10, 25, 10):  # the older of two versions arrives again
        store_report_rows(world.database, world.account, [{**row, "talk_duration": seconds}])
    hear(world, 702, days_ago=1)
    asked = {"account": world.account, "call_session_ids": [old], "after": 0, "hours": 2}
    assert world.database.execute(read_sql("select_events_of_calls"), asked).fetchall() == []
    heard = world.database.execute(read_sql("select_call_events_since"), asked).fetchall()
    assert old not in [session for _, session, *_ in heard]
    world.push()
    assert left(world) == left(world, "call_deliveries") == [young, 702]
    assert {call["providerId"] for call in world.calls()} == {"700", "701", "702"}
    assert len(world.calls()) == 3
    assert whole_rows(world, young) == before
    waiting = world.database.execute(read_sql("select_waiting_events")).fetchone()
    assert waiting == (None,), "it does not fire the trigger again"

    compare(world)
    assert forget(world).events == 10
    assert left(world, "events") == [young, 702]
    assert forget(world) == RetentionCounts(), "nothing is left to do"


def test_nothing_is_deleted_that_is_still_needed(world: PushWorld, database_uri: str) -> None:
    set_state = (
        "UPDATE telephony.call_deliveries SET state = '{}' WHERE stage = '{}' AND call_session_id = {}"
    )
    tweaks = {
        701: "UPDATE telephony.calls SET is_finished = false WHERE call_session_id = 701",
        702: set_state.format("parked", "recording", 702),
        703: set_state.format("waiting", "recording", 703),
        704: set_state.format("unsure", "history", 704),
        705: set_state.format("due", "communication", 705),
        706: "UPDATE telephony.call_deliveries SET claimed_until = now() + '1 hour' WHERE call_session_id = 706",
        707: "UPDATE telephony.call_deliveries SET call_changed_at = '2020-01-01' WHERE call_session_id = 707",
        708: "UPDATE telephony.events SET derived_at = NULL WHERE call_session_id = 708",
        709: "UPDATE telephony.cards SET state = 'open' WHERE call_session_id = 709",
        710: "DELETE FROM telephony.call_deliveries WHERE call_session_id = 710",
        711: """WITH changed AS (SELECT clock_timestamp() + interval '1 hour' AS at), call AS (
            UPDATE telephony.calls SET changed_at = changed.at FROM changed WHERE call_session_id = 711
          ) UPDATE telephony.call_deliveries SET call_changed_at = changed.at FROM changed
          WHERE call_session_id = 711""",
    }
    locked = 712
    for number in (700, *tweaks, locked):
        hear(world, number)
    hear(world, 713, is_internal=True)
    settle(world, world.account)
    compare(world)
    for tweak in tweaks.values():
        assert world.database.execute(tweak).rowcount >= 1
    with psycopg.connect(database_uri) as deriving, deriving.transaction():
        deriving.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('telephony.calls ' || %s, %s))",
            (world.account, locked),
        )
        result = forget(world, batch_size=2)
    assert left(world) == left(world, "events") == left(world, "cards") == [*tweaks, locked]
    assert left(world, "forgotten_calls") == [700, 713]
    assert (result.calls, result.unfinished_calls, result.unsettled_calls, result.waiting_messages) == (
        2,
        1,
        11,
        4,
    )
    assert forget(world).calls == 1, "the one that was being derived"


@pytest.mark.parametrize("nights", ["none", "one before", "one just after"])
def test_no_call_is_deleted_before_a_night_has_compared_it(world: PushWorld, nights: str) -> None:
    """The next night would compare its days again."""
    hear(world, 700)
    settle(world, world.account)
    began = NOW - timedelta(days=40)
    world.database.execute("UPDATE telephony.calls SET changed_at = %s", (began,))
    world.database.execute("UPDATE telephony.call_deliveries SET call_changed_at = %s", (began,))
    if nights != "none":
        compare(world, at=began + timedelta(days=-1 if nights == "one before" else 2))
    assert (forget(world).calls, left(world)) == (0, [700])
    compare(world)
    assert (forget(world).calls, left(world)) == (1, [])


def test_messages_without_a_call_are_deleted_when_they_are_processed(world: PushWorld) -> None:
    webhook = b'{"data": {"id": "1"}, "event": "on_after_create", "model": "Deal", "uuid": "%d"}'
    for number in range(3):
        store_message(world.database, world.account, MEGAPLAN_WEBHOOK, webhook % number, "application/json")
    for body in (b"of no use", b'{"notification_mnemonic": "sip_line_unregister"}'):
        store_message(world.database, world.account, UIS_NOTIFICATION, body, "application/json")
    waiting, settled, young, *_ = numbers = event_numbers(world)
    world.database.execute(
        "UPDATE telephony.events SET derived_at = now() WHERE number = ANY (%s)", ([settled, young],)
    )
    world.database.execute(
        "UPDATE telephony.events SET received_at = %s WHERE number <> %s", (NOW - timedelta(days=40), young)
    )
    result = forget(world, batch_size=1)
    assert event_numbers(world) == [waiting, young]
    assert (len(numbers), result.messages, result.waiting_messages) == (5, 3, 1)


def test_each_account_keeps_what_its_own_connection_says(
    world: PushWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the operator of the DAG; an invalid connection does not stop the others."""
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(world.uri)))
    kept = {"monthly": 30, "quarterly": 90, "always": None, "impossible": 7}
    for account, days in kept.items():
        described = {
            "conn_type": "megaplan",
            "host": f"{account}.megaplan.ru",
            "extra": {"telephony_active": True, "keep_telephony_days": days},
        }
        monkeypatch.setenv(f"AIRFLOW_CONN_{account.upper()}", json.dumps(described))
        for number, days_ago in ((700, 20), (701, 60), (702, 200)):
            hear(world, number, days_ago, account)
        settle(world, account)
        compare(world, account)
    forget = partial(ForgetOldCallsOperator, task_id="forget_old_calls")
    done = forget(accounts=[["monthly", "quarterly"], ["always"]]).execute({})
    assert {account: counts["calls"] for account, counts in done.items()} == {
        "monthly": 2,
        "quarterly": 1,
        "always": 0,
    }
    remaining = {"monthly": [700], "quarterly": [700, 701], "always": [700, 701, 702]}
    assert {account: left(world, account=account) for account in remaining} == remaining
    world.database.execute("DELETE FROM telephony.forgotten_calls WHERE account = 'monthly'")
    hear(world, 703, 50, "monthly")
    settle(world, "monthly")
    compare(world, "monthly")
    with pytest.raises(AirflowFailException, match="keep_telephony_days"):
        forget(accounts=[["impossible", "monthly"]]).execute({})
    assert left(world, account="monthly") == [700]


@pytest.mark.parametrize(
    "moment",
    [
        "before 2 INSERT INTO telephony.forgotten_calls",
        "before 1 DELETE FROM telephony.events",
        "after 2 DELETE FROM telephony.events",
        "before 1 DELETE FROM telephony.calls",
        "after 2 DELETE FROM telephony.calls",
    ],
)
def test_a_killed_run_leaves_whole_calls(world: PushWorld, moment: str) -> None:
    numbers = [hear(world, number) for number in (700, 701, 702)]
    world.push_until_quiet()
    compare(world)
    world.connect()
    work_until_killed(
        world.uri,
        moment,
        lambda hook, connection: forget_old_calls(connection, world.account, KEEP_DAYS, batch_size=1),
    )
    there = left(world)
    assert [left(world, table) for table in TABLES] == [there] * 4, "a call is there completely or not at all"
    world.forget_requests()
    for number in numbers:
        store_messages(world.database, world.account, UIS_NOTIFICATION, messages(number))
    world.push()
    assert (left(world), world.requests()) == (there, [])
    forget(world)
    assert [left(world, table) for table in TABLES] == [[]] * 4
    assert left(world, "forgotten_calls") == numbers


def test_a_person_can_have_any_call_forgotten(world: PushWorld) -> None:
    """Even an unfinished one, and if everything else is kept."""
    for number in (700, 701, 702):
        hear(world, number)
    settle(world, world.account)
    world.database.execute("UPDATE telephony.calls SET is_finished = false")
    world.database.execute(
        "UPDATE telephony.call_deliveries SET claimed_until = now() + '1 hour' WHERE call_session_id = 702"
    )
    world.database.execute(
        """INSERT INTO telephony.forgotten_calls (account, call_session_id)
        SELECT account, call_session_id FROM telephony.calls WHERE call_session_id IN (700, 702)"""
    )
    assert forget(world, keep_days=None).calls == 1
    assert [left(world, table) for table in TABLES] == [[701, 702]] * 4, "a push has claimed the last one"


@pytest.fixture
def night(world: PushWorld, uis: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[CallNight]:
    receiver = NotificationReceiver(world.uri, world.account)
    yield CallNight(world, uis, receiver, monkeypatch)
    receiver.close()


def test_comparing_old_days_does_not_bring_forgotten_calls_back(night: CallNight) -> None:
    """``calls_since`` reads UIS's report of days with forgotten calls."""
    world = night.world
    old, young = night.play(hours_ago=24 * 40), night.play()
    world.push_until_quiet()
    compare(world)
    days_since_young = (datetime.now(UTC) - night.now()).days  # the exchange lives in January 2026
    assert forget(world, keep_days=days_since_young + 10).calls == 1
    certificate = night.run(since=(night.now() - timedelta(days=50)).date())
    assert (certificate.verdict, certificate.missing) == ("proven", 0)
    assert left(world) == [young]
    assert sorted(call["providerId"] for call in world.calls()) == sorted(map(str, (old, young)))
    assert left(world, "events") == sorted((old, young)), "the report's row"
    assert forget(world, keep_days=None).events == 1
    assert left(world, "events") == [young]

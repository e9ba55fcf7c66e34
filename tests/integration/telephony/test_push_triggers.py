"""The triggers for new events and for due times, with a real Postgres."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest
from airflow.triggers.base import BaseTrigger, TriggerEvent
from psycopg import Connection

from megaplan_sync.inbox.event_store import CHANNEL, UIS_NOTIFICATION
from megaplan_sync.inbox.trigger import InboxTrigger
from megaplan_sync.kernel.schemas import prepare_telephony_schema
from megaplan_sync.telephony.push.outbox_trigger import OutboxDueTrigger

from ..airflow_runs import postgres_connection
from ..databases import EMPTY
from ..stored_messages import store_message

ACCOUNT = "mp361546"


@pytest.fixture
def inbox(database: Connection[Any], database_uri: str, monkeypatch: pytest.MonkeyPatch) -> Connection[Any]:
    monkeypatch.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
    return database


def come_in(inbox: Connection[Any], mnemonic: str = "call_session_finished", number: int = 700100200) -> None:
    body = {
        "notification_mnemonic": mnemonic,
        "notification_time": "2026-01-15 10:00:03.417",
        "call_session_id": number,
        "direction": "in",
    }
    with inbox.transaction():
        store_message(inbox, ACCOUNT, UIS_NOTIFICATION, json.dumps(body).encode(), "application/json")


async def next_event(events: AsyncIterator[TriggerEvent], seconds: float) -> Any:
    """Return the payload of the next event; None if there is none in time."""
    waiting = asyncio.ensure_future(anext(events))
    done, _ = await asyncio.wait({waiting}, timeout=seconds)
    if done:
        return waiting.result().payload
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    return None


async def in_background(call: Any, *arguments: Any) -> None:
    await asyncio.get_running_loop().run_in_executor(None, call, *arguments)


def same_again(trigger: BaseTrigger) -> Any:
    """Return the trigger as the triggerer builds it."""
    path, arguments = trigger.serialize()
    assert path == f"{type(trigger).__module__}.{type(trigger).__qualname__}"
    return type(trigger)(**json.loads(json.dumps(arguments)))


def test_a_notification_fires_the_trigger_at_once(inbox: Connection[Any]) -> None:
    async def watch() -> None:
        events = same_again(InboxTrigger(poll_seconds=60)).run()
        ringing = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.5)
        assert not ringing.done(), "an empty inbox is quiet"
        began = time.monotonic()
        await in_background(come_in, inbox)
        assert (await asyncio.wait_for(ringing, 5)).payload == {"newest_event": 1}
        assert time.monotonic() - began < 3

    asyncio.run(watch())


def test_events_that_are_already_waiting_fire_the_trigger(inbox: Connection[Any]) -> None:
    come_in(inbox)

    async def watch() -> None:
        assert await next_event(InboxTrigger(poll_seconds=60).run(), 5) == {"newest_event": 1}

    asyncio.run(watch())


def test_a_lost_notification_is_found_by_polling(inbox: Connection[Any]) -> None:
    """A notification may get lost, or be sent while nobody listens."""

    async def watch() -> None:
        events = InboxTrigger(poll_seconds=0.5).run()
        ringing = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.3)
        await in_background(
            inbox.execute,
            """INSERT INTO telephony.events (account, source, dedupe_key, body, mnemonic, call_session_id)
            VALUES ('mp361546', 'uis_report', 'x', '', 'calls_report', 7)""",
        )
        assert (await asyncio.wait_for(ringing, 5)).payload == {"newest_event": 1}

    asyncio.run(watch())


@pytest.mark.parametrize("mnemonic", ["call_proceeding", "talk_started", "in_call_session"])
def test_events_in_the_middle_of_a_call_do_not_fire_the_trigger(
    inbox: Connection[Any], mnemonic: str
) -> None:
    come_in(inbox, mnemonic)

    async def watch() -> None:
        assert await next_event(InboxTrigger(poll_seconds=0.2).run(), 1.5) is None

    asyncio.run(watch())


def test_the_same_events_fire_the_trigger_again_only_after_a_while(inbox: Connection[Any]) -> None:
    """The DAG may be paused: the trigger must neither fire continuously nor never again."""
    come_in(inbox)

    async def watch() -> None:
        events = InboxTrigger(poll_seconds=0.1, repeat_seconds=1.5).run()
        assert await anext(events)
        began = time.monotonic()
        assert (await anext(events)).payload == {"newest_event": 1}
        assert 1.4 < time.monotonic() - began < 4
        await in_background(come_in, inbox, "call_session_finished", 8)
        assert (await asyncio.wait_for(anext(events), 1.2)).payload == {"newest_event": 2}

    asyncio.run(watch())


def test_the_trigger_survives_a_restart_of_postgres(
    inbox: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    async def watch() -> None:
        events = InboxTrigger(poll_seconds=0.3).run()
        ringing = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0.5)
        await in_background(
            inbox.execute,
            """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()""",
        )
        await asyncio.sleep(0.5)
        await in_background(come_in, inbox)
        assert (await asyncio.wait_for(ringing, 5)).payload == {"newest_event": 1}

    asyncio.run(watch())
    assert "trying again" in caplog.text


@pytest.mark.parametrize("template", [EMPTY], ids=["no tables yet"])
def test_the_trigger_waits_for_the_tables(database: Connection[Any], database_uri: str) -> None:
    async def watch() -> None:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("AIRFLOW_CONN_MEGAPLAN_POSTGRES", json.dumps(postgres_connection(database_uri)))
            ringing = asyncio.ensure_future(anext(InboxTrigger(poll_seconds=0.3).run()))
            await asyncio.sleep(0.5)
            await in_background(prepare_telephony_schema, database)
            await in_background(come_in, database)
            assert (await asyncio.wait_for(ringing, 5)).payload == {"newest_event": 1}

    asyncio.run(watch())


# -- due times of the outbox


def wait_for_ledger(seconds: float) -> tuple[Any, float]:
    """Return why a wait of at most so many seconds ended, and how long it took."""

    async def watch() -> tuple[Any, float]:
        trigger = OutboxDueTrigger("megaplan_postgres", [ACCOUNT], time.time() + seconds, poll_seconds=0.2)
        began = time.monotonic()
        event = await asyncio.wait_for(anext(same_again(trigger).run()), seconds + 3)
        return event.payload, time.monotonic() - began

    return asyncio.run(watch())


def add_open_call(inbox: Connection[Any], due_in: float, **states: str) -> None:
    inbox.execute(
        """INSERT INTO telephony.calls (account, call_session_id, direction, outcome, is_finished)
        VALUES (%s, 7, 'in', 'answered', true)""",
        (ACCOUNT,),
    )
    row = {"history": "done", "recording": "waiting", "communication": "waiting", **states}
    for step, (stage, state) in enumerate(row.items(), 1):
        is_made = state in ("done", "waiting")
        inbox.execute(
            """INSERT INTO telephony.call_deliveries
              (account, call_session_id, stage, step, state, result_id, due_at)
            VALUES (%s, 7, %s, %s, %s, %s, now() + make_interval(secs => %s))""",
            (ACCOUNT, stage, step, state, "1" if is_made else None, due_in if stage == "recording" else 0),
        )


def test_the_wait_ends_when_a_recording_is_due(inbox: Connection[Any]) -> None:
    add_open_call(inbox, 1.0)
    event, took = wait_for_ledger(10)
    assert event["reason"] == "due"
    assert 0.8 < took < 3


def test_the_wait_ends_when_a_recording_no_longer_holds_up_the_communication(inbox: Connection[Any]) -> None:
    """A communication waited until the recording was checked again, though for three minutes it is told."""
    add_open_call(inbox, 3600, communication="due")
    inbox.execute("UPDATE telephony.calls SET finished_at = now() - interval '179 seconds'")
    event, _ = wait_for_ledger(20)
    assert event["reason"] == "due"


@pytest.mark.parametrize(
    "states",
    [
        {"history": "parked"},
        {"history": "none"},
        {"recording": "done", "communication": "done"},
        {"recording": "parked", "communication": "parked"},
    ],
)
def test_settled_and_failed_calls_do_not_end_the_wait(inbox: Connection[Any], states: dict[str, str]) -> None:
    add_open_call(inbox, -5, **states)
    event, took = wait_for_ledger(1.0)
    assert event["reason"] == "time"
    assert took > 0.9


def test_the_wait_ends_when_a_call_has_ended(inbox: Connection[Any]) -> None:
    """A run that waits for recordings must not keep a finished call waiting."""
    add_open_call(inbox, 60)
    come_in(inbox, number=1)

    async def watch() -> Any:
        trigger = OutboxDueTrigger("megaplan_postgres", [ACCOUNT], time.time() + 10, poll_seconds=0.2)
        ending = asyncio.ensure_future(anext(trigger.run()))
        await asyncio.sleep(0.8)
        assert not ending.done(), "events that waited before are left to the other task"
        await in_background(come_in, inbox, "call_session_finished", 2)
        return (await asyncio.wait_for(ending, 3)).payload

    assert asyncio.run(watch())["reason"] == "events"


def test_a_claimed_call_is_due_when_the_claim_ends(inbox: Connection[Any]) -> None:
    add_open_call(inbox, -5)
    inbox.execute("UPDATE telephony.call_deliveries SET claimed_until = now() + interval '1.5 seconds'")
    event, took = wait_for_ledger(10)
    assert event["reason"] == "due"
    assert 1.2 < took < 4


def test_the_channel_is_the_one_that_the_inbox_notifies(inbox: Connection[Any], database_uri: str) -> None:
    with psycopg.connect(database_uri, autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        come_in(inbox)
        assert [note.channel for note in listener.notifies(timeout=3, stop_after=1)] == ["telephony_events"]

"""A transaction that somebody has left open keeps dead rows, but does not stop events from being worked off."""

import json
import re
import time
from typing import Any

import psycopg
from psycopg import Connection

from megaplan_sync.inbox.event_store import UIS_NOTIFICATION
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.calls.call_table import drain

from ..stored_messages import store_messages

ACCOUNT = "mp1"
CALLS, ROUNDS = 200, 6
EVENTS = ("in_call_session", "call_proceeding", "call_disconnected", "lost_call_session")
LOOKS = (
    "claim_calls_to_derive",
    "skip_events_of_forgotten_calls",
    "select_waiting_events",
    "select_waiting_webhooks",
)


def hear(database: Connection[Any], first: int) -> None:
    """Store the events of some calls."""
    bodies = [
        json.dumps(
            {
                "notification_mnemonic": mnemonic,
                "notification_timestamp": int(time.time()) - 60 + nth,
                "call_session_id": number,
                "direction": "in",
                "contact_phone_number": "79995550011",
                **({"leg_id": number, "employee_id": 501} if nth in (1, 2) else {}),
            }
        ).encode()
        for number in range(first, first + CALLS)
        for nth, mnemonic in enumerate(EVENTS)
    ]
    messages = [(body, "application/json", None) for body in bodies]
    store_messages(database, ACCOUNT, UIS_NOTIFICATION, messages)


def plan(database: Connection[Any], statement: str, **values: Any) -> str:
    with database.transaction(force_rollback=True):
        lines = database.execute(f"EXPLAIN (ANALYZE, BUFFERS) {read_sql(statement)}", values).fetchall()
    return "\n".join(line for (line,) in lines)


def pages(database: Connection[Any]) -> dict[str, int]:
    """Return how many pages of Postgres each look at the inbox reads."""
    values = {"account": ACCOUNT, "limit": 500}
    buffers = {name: plan(database, name, **values).splitlines()[1] for name in LOOKS}
    return {name: sum(map(int, re.findall(r"(?:hit|read)=(\d+)", line))) for name, line in buffers.items()}


def last_events(database: Connection[Any]) -> dict[str, Any]:
    """Return what marks the events of the last calls as derived."""
    rows = database.execute(
        "SELECT number, call_session_id FROM telephony.events WHERE derived_at IS NULL"
    ).fetchall()
    return {
        "account": ACCOUNT,
        "call_session_ids": sorted({session for _, session in rows}),
        "numbers": [number for number, _ in rows],
        "times_received": [1] * len(rows),
    }


def test_an_open_transaction_does_not_stop_the_drain(database: Connection[Any], database_uri: str) -> None:
    """Whoever looks for waiting events reads dead entries of a small index, not the inbox; nothing is derived twice.

    Statistics are taken while much waits, as autovacuum may: then Postgres preferred to search all events.
    """
    derived: list[int] = []
    with psycopg.connect(database_uri) as forgotten:
        forgotten.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        forgotten.execute("SELECT count(*) FROM telephony.events")
        for nth in range(ROUNDS):
            hear(database, 1 + nth * CALLS)
            database.execute("ANALYZE telephony.events")
            if nth == ROUNDS - 1:
                marking = plan(database, "mark_events_derived", **last_events(database))
            derived += [call.call_session_id for batch in drain(database, ACCOUNT) for call in batch]
        with psycopg.connect(database_uri, autocommit=True) as cleaner:
            cleaner.execute("VACUUM telephony.events")
        with_it = pages(database)
    assert sorted(derived) == list(range(1, CALLS * ROUNDS + 1))
    stored = CALLS * ROUNDS * len(EVENTS)
    assert database.execute("SELECT sum(event_count) FROM telephony.calls").fetchone() == (stored,)
    assert "Seq Scan on events" not in marking, marking
    assert max(with_it.values()) < stored / 4, f"{with_it}: not a page for each event"

    with psycopg.connect(database_uri, autocommit=True) as cleaner:
        cleaner.execute("VACUUM ANALYZE telephony.events")
    after = pages(database)
    assert max(after.values()) < 30, f"{after}: what is derived costs nothing any more"

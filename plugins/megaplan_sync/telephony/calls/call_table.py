"""Keeps ``telephony.calls`` as its events say, and opens a line of the outbox for each finished call."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from psycopg import Connection

from megaplan_sync.inbox.notifications import json_text
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.calls.call import Call, CallEvent
from megaplan_sync.telephony.calls.call_derivation import derive_call


def derive_new_calls(connection: Connection[Any], account: str, limit: int = 500) -> list[Call]:
    """Derive the calls of which there are new events, from all their events, in one transaction.

    Several runs may do so at once: each call is derived by one of them. What comes in meanwhile is left for the next
    time, as is a call that another run is at; so call this until it returns nothing, or use ``drain``. Needs the
    isolation level READ COMMITTED, Postgres' default.

    What came of forgotten calls is passed over, see :mod:`megaplan_sync.telephony.retention.forgotten_calls`.

    :param limit: most calls at once
    """
    # a transaction of its own: the one below locks events once more, in an order that is right for itself only
    with connection.transaction():
        connection.execute(read_sql("skip_events_of_forgotten_calls"), {"account": account})
    with connection.transaction():
        claimed = connection.execute(
            read_sql("claim_calls_to_derive"), {"account": account, "limit": limit}
        ).fetchall()
        sessions = [session for (session,) in claimed]
        if not sessions:
            return []
        where = {"account": account, "call_session_ids": sessions}
        events, used = _events(connection, where)
        calls = [derive_call(events[session]) for session in sessions if session in events]
        rows = json_text([_row(call) for call in calls])
        connection.execute(read_sql("upsert_calls"), {"calls": rows})
        connection.execute(read_sql("insert_call_deliveries"), where)
        connection.execute(
            read_sql("mark_events_derived"),
            {"numbers": [number for number, _ in used], "times_received": [times for _, times in used]},
        )
    return calls


def drain(connection: Connection[Any], account: str, limit: int = 500) -> Iterator[list[Call]]:
    """Derive calls until there is nothing new, ``limit`` at once, each time in a transaction of its own."""
    while derived := derive_new_calls(connection, account, limit):
        yield derived


def _events(
    connection: Connection[Any], where: dict[str, Any]
) -> tuple[dict[int, list[CallEvent]], list[tuple[int, int]]]:
    """Return all events of some calls, and of those not derived yet the number and how often they were received."""
    events: dict[int, list[CallEvent]] = defaultdict(list)
    used: list[tuple[int, int]] = []
    found = connection.execute(read_sql("select_events_of_calls"), where)
    for number, times_received, is_due, session, mnemonic, at, payload in found:
        events[session].append(CallEvent(where["account"], session, mnemonic, at, payload))
        if is_due:
            used.append((number, times_received))
    return events, used


def _row(call: Call) -> dict[str, Any]:
    return asdict(call) | {"records": [record._asdict() for record in call.records]}

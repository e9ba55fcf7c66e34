"""Derives ``telephony.calls`` from new events, and adds finished calls to the outbox."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from psycopg import Connection

from megaplan_sync.inbox.notifications import json_text
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.calls.call import Call, CallEvent
from megaplan_sync.telephony.calls.call_derivation import derive_call


def derive_new_calls(
    connection: Connection[Any], account: str, limit: int = 500, *, region: str = "RU"
) -> list[Call]:
    """Derive calls that have new events from all their events, in one transaction.

    Several runs may do so at once: each call is derived by one of them. A call that another run is deriving, and
    events that arrive in the meantime, are left for the next time, so call this until it returns nothing, or use
    ``drain``. Needs the isolation level READ COMMITTED, Postgres' default.

    Events of forgotten calls are skipped, see :mod:`megaplan_sync.telephony.retention.forgotten_calls`.

    :param limit: maximum number of calls
    :param region: country of phone numbers without a country code
    """
    # in a transaction of its own: both lock events, each in a consistent order, but not in the same one
    with connection.transaction():
        connection.execute(read_sql("skip_events_of_forgotten_calls"), {"account": account})
    with connection.transaction():
        claimed = connection.execute(
            read_sql("claim_calls_to_derive"), {"account": account, "limit": limit}
        ).fetchall()
        sessions = [session for (session,) in claimed]
        if not sessions:
            return []
        parameters = {"account": account, "call_session_ids": sessions}
        events, used = _events(connection, parameters)
        calls = [derive_call(events[session], region) for session in sessions if session in events]
        rows = json_text([_row(call) for call in calls])
        connection.execute(read_sql("upsert_calls"), {"calls": rows})
        connection.execute(read_sql("insert_call_deliveries"), parameters)
        connection.execute(
            read_sql("mark_events_derived"),
            {
                **parameters,
                "numbers": [number for number, _ in used],
                "times_received": [times for _, times in used],
            },
        )
    return calls


def drain(
    connection: Connection[Any], account: str, limit: int = 500, *, region: str = "RU"
) -> Iterator[list[Call]]:
    """Derive calls in batches until there are no new events, each batch in its own transaction."""
    while derived := derive_new_calls(connection, account, limit, region=region):
        yield derived


def _events(
    connection: Connection[Any], parameters: dict[str, Any]
) -> tuple[dict[int, list[CallEvent]], list[tuple[int, int]]]:
    """Return all events of some calls; and number and ``times_received`` of those that are new."""
    events: dict[int, list[CallEvent]] = defaultdict(list)
    used: list[tuple[int, int]] = []
    found = connection.execute(read_sql("select_events_of_calls"), parameters)
    for number, times_received, is_due, session, mnemonic, at, payload in found:
        events[session].append(CallEvent(parameters["account"], session, mnemonic, at, payload))
        if is_due:
            used.append((number, times_received))
    return events, used


def _row(call: Call) -> dict[str, Any]:
    return asdict(call) | {"records": [record._asdict() for record in call.records]}

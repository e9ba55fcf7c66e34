"""Deletes old calls with all their events, so that late events do not bring them back.

A call is forgotten in two steps. First its number is added to ``telephony.forgotten_calls``; from then on, its
events are ignored. Then its rows are deleted, and so are later ones. If a run is killed in between, the next night
deletes the call. See decision 0018.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.night.call_days import WHOLE_DAYS_BACK

BATCH_SIZE = 500
COMMANDS_KEPT_DAYS = 30
"""As in the gateway, which deletes old commands when a new one arrives."""
_KEPT = ("unfinished_calls", "unsettled_calls", "waiting_messages")
_COMPARED_AGAIN = timedelta(days=WHOLE_DAYS_BACK + 1)


@dataclass
class RetentionCounts:
    """What was deleted of an account, and what is old enough but had to be kept.

    :param calls: with their ``events``, ``pop_ups`` and ``deliveries``
    :param messages: processed webhooks of Megaplan, and messages that do not concern a call
    :param unfinished_calls: calls whose end has not arrived
    :param unsettled_calls: calls that are not delivered, have failed, or were not compared since their last change
    :param waiting_messages: events and webhooks that are not processed yet
    """

    calls: int = 0
    events: int = 0
    pop_ups: int = 0
    deliveries: int = 0
    messages: int = 0
    commands: int = 0
    unfinished_calls: int = 0
    unsettled_calls: int = 0
    waiting_messages: int = 0

    def __str__(self) -> str:
        """Return the counts that are not zero."""
        texts = {
            each.name: f"{getattr(self, each.name)} {each.name.replace('_', ' ')}" for each in fields(self)
        }
        deleted: list[str] = []
        kept: list[str] = []
        for name, text in texts.items():
            if getattr(self, name):
                (kept if name in _KEPT else deleted).append(text)
        return (
            f"deleted: {', '.join(deleted) or 'nothing'}; kept although old: {', '.join(kept) or 'nothing'}"
        )


def forget_old_calls(
    connection: Connection[Any],
    account: str,
    keep_days: int | None,
    *,
    keep_messages_days: int = 30,
    batch_size: int = BATCH_SIZE,
) -> RetentionCounts:
    """Forget calls of an account that began more than ``keep_days`` ago and are settled.

    Deletes messages that do not concern a call and need no processing as well.

    :param connection: in autocommit mode; each batch has its own transaction
    :param keep_days: if None, only calls that are already forgotten are deleted
    :param keep_messages_days: messages are not kept for longer than calls, though
    :param batch_size: calls or messages per transaction
    """
    counts, now = RetentionCounts(), _now(connection)
    old = None
    if keep_days is not None:
        old = {"account": account, "began_before": now - timedelta(days=keep_days)}
        _mark_old_calls(connection, old, batch_size)
    _delete_forgotten(connection, account, counts, batch_size)
    received_before = now - timedelta(days=min(keep_messages_days, keep_days or keep_messages_days))
    messages = {"account": account, "received_before": received_before, "limit": batch_size}
    while deleted := connection.execute(read_sql("delete_old_messages"), messages).rowcount:
        counts.messages += deleted
    counts.commands = connection.execute(
        read_sql("delete_old_commands"), {"account": account, "days": COMMANDS_KEPT_DAYS}
    ).rowcount
    if old is None:
        return counts
    kept = connection.execute(read_sql("count_old_rows"), old).fetchone() or (0, 0, 0)
    counts.unfinished_calls, counts.unsettled_calls, counts.waiting_messages = kept
    return counts


def _mark_old_calls(connection: Connection[Any], old: dict[str, Any], batch_size: int) -> None:
    """Mark old calls as forgotten that were compared by a night and will not be compared again."""
    row = connection.execute(read_sql("select_last_call_comparison"), old).fetchone()
    compared_at = row[0] if row else None
    if compared_at is None:
        return
    began_before = min(old["began_before"], compared_at - _COMPARED_AGAIN)
    parameters = {**old, "began_before": began_before, "changed_before": compared_at, "limit": batch_size}
    after: int | None = -1
    while after is not None:
        with connection.transaction():
            found = connection.execute(read_sql("lock_old_calls"), {**parameters, "after": after}).fetchall()
            sessions = [session for session, is_locked in found if is_locked]
            # a separate statement, which sees everything written until the calls were locked
            connection.execute(read_sql("forget_calls"), {**parameters, "call_session_ids": sessions})
        after = found[-1][0] if found else None


def _delete_forgotten(
    connection: Connection[Any], account: str, counts: RetentionCounts, batch_size: int
) -> None:
    for sessions in _forgotten_calls(connection, account, batch_size):
        with connection.transaction():
            deleted = [
                connection.execute(
                    read_sql(statement), {"account": account, "call_session_ids": sessions}
                ).rowcount
                for statement in (
                    "delete_events_of_forgotten_calls",
                    "delete_cards_of_forgotten_calls",
                    "delete_deliveries_of_forgotten_calls",
                    "delete_forgotten_calls",
                )
            ]
        events, pop_ups, deliveries, calls = deleted
        counts.events += events
        counts.pop_ups += pop_ups
        counts.deliveries += deliveries
        counts.calls += calls


def _forgotten_calls(connection: Connection[Any], account: str, batch_size: int) -> Iterator[Collection[int]]:
    """Yield batches of forgotten calls that still have rows."""
    after = -1
    while True:
        parameters = {"account": account, "after": after, "limit": batch_size}
        sessions = [
            session for (session,) in connection.execute(read_sql("select_forgotten_calls"), parameters)
        ]
        if not sessions:
            return
        yield sessions
        after = sessions[-1]


def _now(connection: Connection[Any]) -> datetime:
    row = connection.execute(read_sql("select_clock")).fetchone()
    return row[0] if row else datetime.now(UTC)

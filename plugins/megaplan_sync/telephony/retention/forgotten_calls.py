"""Deletes old calls, and everything that came in of them, without ever taking them for new ones afterwards.

A call is forgotten in two steps. First its number is noted in ``telephony.forgotten_calls``, and from then on nothing
that comes of it is acted upon. Then its rows are deleted, as are those that come later. Whoever is killed between the
two leaves a call that the next night deletes. Decision 0018 says why.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.night.call_days import WHOLE_DAYS_BACK

AT_ONCE = 500
COMMANDS_KEPT_DAYS = 30
"""As long as the gateway keeps them, which deletes them when a new one comes."""
_KEPT = ("unfinished_calls", "unsettled_calls", "waiting_messages")
_OUT_OF_THE_NIGHTS_REACH = timedelta(days=WHOLE_DAYS_BACK + 1)


@dataclass
class RetentionCounts:
    """What was deleted of an account, and what is older than it should be and had to stay.

    :param calls: of these, ``events``, ``pop_ups`` and ``deliveries`` are the parts
    :param messages: webhooks of Megaplan that are settled, and what is about no call
    :param unfinished_calls: no end of them has arrived
    :param unsettled_calls: not delivered, given up, or not compared since
    :param waiting_messages: events and webhooks that nobody has acted upon yet
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
        """Name every count that is not zero."""
        told = {
            each.name: f"{getattr(self, each.name)} {each.name.replace('_', ' ')}" for each in fields(self)
        }
        deleted: list[str] = []
        kept: list[str] = []
        for name, text in told.items():
            if getattr(self, name):
                (kept if name in _KEPT else deleted).append(text)
        return (
            f"deleted: {', '.join(deleted) or 'nothing'}; kept although old: {', '.join(kept) or 'nothing'}"
        )


def forget_old_calls(
    connection: Connection[Any], account: str, keep_days: int | None, *, at_once: int = AT_ONCE
) -> RetentionCounts:
    """Forget the calls of an account that began more than so many days ago and that nothing is left to be done with.

    :param connection: in autocommit mode: each batch is a transaction of its own
    :param keep_days: None: only calls are deleted that are noted as forgotten already
    :param at_once: calls, or messages, in one transaction
    """
    forgotten = RetentionCounts()
    if keep_days is None:
        _delete_forgotten(connection, account, forgotten, at_once)
        return forgotten
    old = {"account": account, "began_before": _now(connection) - timedelta(days=keep_days)}
    _note_old_calls(connection, old, at_once)
    _delete_forgotten(connection, account, forgotten, at_once)
    while deleted := connection.execute(read_sql("delete_old_messages"), {**old, "limit": at_once}).rowcount:
        forgotten.messages += deleted
    forgotten.commands = connection.execute(
        read_sql("delete_old_commands"), {"account": account, "days": COMMANDS_KEPT_DAYS}
    ).rowcount
    kept = connection.execute(read_sql("count_old_rows"), old).fetchone() or (0, 0, 0)
    forgotten.unfinished_calls, forgotten.unsettled_calls, forgotten.waiting_messages = kept
    return forgotten


def _note_old_calls(connection: Connection[Any], old: dict[str, Any], at_once: int) -> None:
    """Note which calls are forgotten: old ones that the nights have compared and will not ask for again."""
    row = connection.execute(read_sql("select_last_call_comparison"), old).fetchone()
    compared_at = row[0] if row else None
    if compared_at is None:
        return
    began_before = min(old["began_before"], compared_at - _OUT_OF_THE_NIGHTS_REACH)
    asked = {**old, "began_before": began_before, "changed_before": compared_at, "limit": at_once}
    behind: int | None = -1
    while behind is not None:
        with connection.transaction():
            found = connection.execute(read_sql("lock_old_calls"), {**asked, "behind": behind}).fetchall()
            sessions = [session for session, is_locked in found if is_locked]
            # a statement of its own: it sees what was written until the calls were locked
            connection.execute(read_sql("forget_calls"), {**asked, "call_session_ids": sessions})
        behind = found[-1][0] if found else None


def _delete_forgotten(
    connection: Connection[Any], account: str, forgotten: RetentionCounts, at_once: int
) -> None:
    for sessions in _forgotten_calls(connection, account, at_once):
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
        forgotten.events += events
        forgotten.pop_ups += pop_ups
        forgotten.deliveries += deliveries
        forgotten.calls += calls


def _forgotten_calls(connection: Connection[Any], account: str, at_once: int) -> Iterator[Collection[int]]:
    """Return forgotten calls of which something is left, some at once."""
    behind = -1
    while True:
        asked = {"account": account, "behind": behind, "limit": at_once}
        sessions = [session for (session,) in connection.execute(read_sql("select_forgotten_calls"), asked)]
        if not sessions:
            return
        yield sessions
        behind = sessions[-1]


def _now(connection: Connection[Any]) -> datetime:
    row = connection.execute(read_sql("select_clock")).fetchone()
    return row[0] if row else datetime.now(UTC)

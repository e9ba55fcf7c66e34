"""Waits until something in the outbox is due, without occupying a worker."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent
from psycopg import Error

from megaplan_sync.inbox.listening import newest_waiting_event, open_session
from megaplan_sync.kernel.session import LiveSession
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)


class OutboxDueTrigger(BaseTrigger):
    """Fires when a call of the given accounts is due, when new events arrive, or at the timeout.

    :param accounts: account labels as stored in the tables
    :param until: when to give up, seconds since the epoch
    :param poll_seconds: how often to query the database
    """

    def __init__(
        self, postgres_conn_id: str, accounts: list[str], until: float, poll_seconds: float = 5.0
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.postgres_conn_id = postgres_conn_id
        self.accounts = accounts
        self.until = until
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        return (
            "megaplan_sync.telephony.push.outbox_trigger.OutboxDueTrigger",
            {
                "postgres_conn_id": self.postgres_conn_id,
                "accounts": self.accounts,
                "until": self.until,
                "poll_seconds": self.poll_seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll the database until there is a reason to fire."""
        first_event: int | None = None
        is_first = True
        while (left := self.until - time.time()) > 0:
            pause = self.poll_seconds
            try:
                async with await open_session(self.postgres_conn_id) as session:
                    newest = await newest_waiting_event(session)
                    if is_first:
                        first_event, is_first = newest, False
                    due = await _seconds_until_due(session, self.accounts)
            except Error as error:
                log.warning("The outbox cannot be read: %s; trying again.", str(error).split("\n")[0])
            else:
                if due is not None and due <= 0:
                    yield self._event("due")
                    return
                if newest is not None and newest != first_event:
                    yield self._event("events")
                    return
                pause = min(pause, due) if due is not None else pause
            await asyncio.sleep(max(0.1, min(pause, left)))
        yield self._event("time")

    def _event(self, reason: str) -> TriggerEvent:
        return TriggerEvent({"reason": reason, "until": self.until})  # type: ignore[no-untyped-call]


async def _seconds_until_due(session: LiveSession, accounts: list[str]) -> float | None:
    """Return the seconds until something is due, 0 or less if it is due now; None if nothing is open."""
    row = await (await session.execute(read_sql("select_next_delivery"), {"accounts": accounts})).fetchone()
    return None if row is None or row[0] is None else float(row[0])

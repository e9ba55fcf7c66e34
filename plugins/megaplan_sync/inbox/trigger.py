"""Rings when calls have ended: the doorbell of ``megaplan_calls_push``."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from psycopg import AsyncConnection, Error

from megaplan_sync.inbox.event_store import CHANNEL
from megaplan_sync.inbox.listening import newest_waiting_event, open_session
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID

log = logging.getLogger(__name__)


class InboxTrigger(BaseEventTrigger):
    """Fires when the inbox has new events that end a call or bring a recording.

    Listens to the channel ``telephony_events`` and looks every ``poll_seconds`` besides, so a notification that got
    lost costs so much time at most. An event only says "look": while the same ones still wait, it rings again only
    after ``repeat_seconds`` (the DAG may be paused). Survives restarts of Postgres.

    :param postgres_conn_id: database of the inbox
    :param rest_seconds: least time between two rings: whoever was rung sees what comes meanwhile
    """

    waiting_events: ClassVar[str] = "select_waiting_events"
    """The statement that finds the newest event to look at."""

    def __init__(
        self,
        postgres_conn_id: str = POSTGRES_CONN_ID,
        poll_seconds: float = 20.0,
        repeat_seconds: float = 600.0,
        rest_seconds: float = 0.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.postgres_conn_id = postgres_conn_id
        self.poll_seconds = poll_seconds
        self.repeat_seconds = repeat_seconds
        self.rest_seconds = rest_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return where this class is, and its arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "postgres_conn_id": self.postgres_conn_id,
                "poll_seconds": self.poll_seconds,
                "repeat_seconds": self.repeat_seconds,
                "rest_seconds": self.rest_seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event whenever there is something to look at."""
        told, told_at = 0, float("-inf")
        while True:
            try:
                async with await open_session(self.postgres_conn_id) as session:
                    await session.execute(f"LISTEN {CHANNEL}")
                    while True:
                        newest = await newest_waiting_event(session, self.waiting_events)
                        is_old = newest is not None and newest <= told
                        if newest is not None and (
                            not is_old or time.monotonic() - told_at > self.repeat_seconds
                        ):
                            told, told_at = newest, time.monotonic()
                            yield TriggerEvent({"newest_event": newest})  # type: ignore[no-untyped-call]
                            await asyncio.sleep(self.rest_seconds)
                        await self._wait(session)
            except Error as error:  # also before the tables are made
                log.warning("The inbox cannot be watched: %s; trying again.", str(error).split("\n")[0])
                await asyncio.sleep(self.poll_seconds)

    async def _wait(self, session: AsyncConnection[Any]) -> None:
        """Wait for a notification, at most until it is time to look anyway."""
        async for _ in session.notifies(timeout=self.poll_seconds, stop_after=1):
            pass

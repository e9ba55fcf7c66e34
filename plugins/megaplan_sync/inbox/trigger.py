"""Starts ``megaplan_calls_push`` when calls have ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any, ClassVar

from airflow.triggers.base import BaseEventTrigger, TriggerEvent
from psycopg import Error

from megaplan_sync.inbox.listening import listening, newest_waiting_event, open_session
from megaplan_sync.kernel.postgres import POSTGRES_CONN_ID
from megaplan_sync.kernel.session import LiveSession

log = logging.getLogger(__name__)

POOLED_POLL_SECONDS = 1.0


class InboxTrigger(BaseEventTrigger):
    """Fires when the inbox has new events that end a call or bring a recording.

    Listens to the channel ``telephony_events`` and polls every ``poll_seconds``, in case a notification gets lost.
    Behind a pooler it only polls, unless there is a connection ``megaplan_postgres_direct``, see :func:`listening`.
    While the same events are still waiting, it fires again only after ``repeat_seconds``, as the DAG may be paused.
    Reconnects when Postgres restarts.

    :param postgres_conn_id: database of the inbox
    :param min_interval_seconds: minimum time between two firings; the started run handles what arrives meanwhile
    """

    waiting_events: ClassVar[str] = "select_waiting_events"
    """The statement that selects the newest waiting event."""

    def __init__(
        self,
        postgres_conn_id: str = POSTGRES_CONN_ID,
        poll_seconds: float = 20.0,
        repeat_seconds: float = 600.0,
        min_interval_seconds: float = 0.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.postgres_conn_id = postgres_conn_id
        self.poll_seconds = poll_seconds
        self.repeat_seconds = repeat_seconds
        self.min_interval_seconds = min_interval_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the class path and the arguments."""
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "postgres_conn_id": self.postgres_conn_id,
                "poll_seconds": self.poll_seconds,
                "repeat_seconds": self.repeat_seconds,
                "min_interval_seconds": self.min_interval_seconds,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event whenever new events are waiting."""
        last, fired_at = 0, float("-inf")
        while True:
            try:
                async with (
                    await open_session(self.postgres_conn_id) as session,
                    listening(session, self.postgres_conn_id) as listener,
                ):
                    while True:
                        newest = await newest_waiting_event(session, self.waiting_events)
                        if newest is not None and (
                            newest > last or time.monotonic() - fired_at > self.repeat_seconds
                        ):
                            last, fired_at = newest, time.monotonic()
                            yield TriggerEvent({"newest_event": newest})  # type: ignore[no-untyped-call]
                            await asyncio.sleep(self.min_interval_seconds)
                        await self._wait(listener)
            except Error as error:  # also before the tables are created
                log.warning("The inbox cannot be watched: %s; trying again.", str(error).split("\n")[0])
                await asyncio.sleep(self.poll_seconds)

    async def _wait(self, listener: LiveSession | None) -> None:
        """Wait for a notification, at most until the next poll."""
        if listener is None:
            await asyncio.sleep(min(self.poll_seconds, POOLED_POLL_SECONDS))
            return
        async for _ in listener.notifies(timeout=self.poll_seconds, stop_after=1):
            pass

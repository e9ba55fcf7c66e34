"""Group commit of incoming messages to the inbox.

While a commit is in flight, further messages queue up; the next commit takes all of them. A message is acknowledged
only after its commit, yet the number of commits does not grow with the number of messages.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, Error

from megaplan_gateway.database import Pool, in_time
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.options import MIB, Options
from megaplan_gateway.popups.popup_scheduler import PopupScheduler
from megaplan_sync.inbox.event_store import (
    UIS_NOTIFICATION,
    EventRow,
    StoredEvent,
    insert_parameters,
    stored_events,
)
from megaplan_sync.kernel.postgres_errors import concerns_a_row
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

MAX_ROWS = 500
MAX_BYTES = 8 * MIB


class InboxFullError(Exception):
    """The queue of messages waiting for their commit is full."""


class InboxUnavailableError(Exception):
    """Postgres did not store a message in time; it must not be acknowledged."""


class UnstorableError(Exception):
    """Postgres rejects the content of this message."""


@dataclass(frozen=True)
class _Pending:
    account: str
    source: str
    row: EventRow
    stored: asyncio.Future[StoredEvent]
    deadline: float


class InboxWriter:
    """Writes messages to the inbox. ``run`` must be running while ``store`` is used.

    Several processes may write at the same time.

    :param popups: refreshes the pop-ups of the calls whose events are stored
    """

    def __init__(
        self, pool: Pool, options: Options, metrics: Metrics, popups: PopupScheduler | None = None
    ) -> None:
        self._pool = pool
        self._options = options
        self._metrics = metrics
        self._popups = popups
        self._queue: deque[_Pending] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    async def store(self, account: str, source: str, row: EventRow) -> StoredEvent:
        """Store a message and return once it is durably committed.

        :raises InboxFullError: if the queue is full
        :raises InboxUnavailableError: if Postgres does not store it in time
        :raises UnstorableError: if Postgres rejects it
        """
        size = len(row.body)
        if len(self._queue) >= self._options.max_waiting or self._bytes > self._options.max_waiting_bytes:
            raise InboxFullError
        stored: asyncio.Future[StoredEvent] = asyncio.get_running_loop().create_future()
        deadline = time.monotonic() + self._options.store_seconds
        self._queue.append(_Pending(account, source, row, stored, deadline))
        self._bytes += size
        self._metrics.waiting.set(len(self._queue))
        self._wake.set()
        return await stored

    async def run(self) -> None:
        """Commit queued messages. Never returns."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._store(self._next_batch())
                self._metrics.waiting.set(len(self._queue))

    def _next_batch(self) -> list[_Pending]:
        batch: list[_Pending] = []
        size = 0
        while self._queue and len(batch) < MAX_ROWS and size < MAX_BYTES:
            message = self._queue.popleft()
            size += len(message.row.body)
            batch.append(message)
        self._bytes -= size
        return batch

    async def _store(self, batch: list[_Pending]) -> None:
        """Store a batch, retrying across a restart of Postgres until the deadlines of its messages."""
        pause = 0.02
        while batch:
            try:
                await in_time(max(0.05, batch[0].deadline - time.monotonic()), self._commit(batch))
                return
            except (Error, TimeoutError, OSError) as error:
                if _is_unstorable(error):
                    await self._store_singly(batch, error)
                    return
                now = time.monotonic()
                late = [message for message in batch if now + pause >= message.deadline]
                batch = [message for message in batch if now + pause < message.deadline]
                for message in late:
                    _fail(message, InboxUnavailableError())
                log.warning(
                    "inbox not written",
                    extra={"reason": type(error).__name__, "refused": len(late), "waiting": len(batch)},
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.5)
            except Exception as error:  # an unexpected error must not block the messages behind it
                log.exception("inbox not written", extra={"waiting": len(batch)})
                await self._store_singly(batch, error)
                return

    async def _store_singly(self, batch: list[_Pending], error: Exception) -> None:
        """Store the messages of a failed batch one by one, so that only the bad one fails."""
        if len(batch) > 1:
            for message in batch:
                await self._store([message])
        elif _is_unstorable(error):
            log.error("message refused", extra={"reason": getattr(error, "sqlstate", type(error).__name__)})
            _fail(batch[0], UnstorableError())
        else:
            _fail(batch[0], InboxUnavailableError())

    async def _commit(self, batch: Sequence[_Pending]) -> None:
        groups: dict[tuple[str, str], list[_Pending]] = defaultdict(list)
        for message in batch:
            groups[message.account, message.source].append(message)
        started = time.perf_counter()
        stored: list[tuple[_Pending, StoredEvent]] = []
        queued: dict[str, dict[int, int]] = {}
        async with self._pool.connection() as connection, connection.transaction():
            for (account, source), members in sorted(groups.items(), key=lambda group: group[0]):
                events = await _insert(connection, account, source, [message.row for message in members])
                stored += zip(members, events, strict=True)
                if self._popups is not None and source == UIS_NOTIFICATION:
                    queued[account] = await self._popups.store(connection, account, events)
        self._metrics.commit_seconds.observe(time.perf_counter() - started)
        self._metrics.commit_rows.observe(len(batch))
        if self._popups is not None:
            for account, calls in queued.items():
                self._popups.on_stored(account, calls)
        for message, event in stored:
            kind = "broken" if event.broken else "new" if event.is_new else "known"
            self._metrics.stored.labels(message.source, kind).inc()
            if not message.stored.done():  # the client may have disconnected
                message.stored.set_result(event)


async def _insert(
    connection: AsyncConnection[Any], account: str, source: str, rows: Sequence[EventRow]
) -> list[StoredEvent]:
    cursor = await connection.execute(read_sql("insert_events"), insert_parameters(account, source, rows))
    return stored_events(rows, await cursor.fetchall())


def _is_unstorable(error: Exception) -> bool:
    return isinstance(error, UnicodeError) or (isinstance(error, Error) and concerns_a_row(error))


def _fail(message: _Pending, error: Exception) -> None:
    if not message.stored.done():
        message.stored.set_exception(error)

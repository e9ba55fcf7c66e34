"""Stores what comes in, many messages with one commit; whoever waits is told when it is on disk.

While a commit is under way, further messages gather; the next one takes all of them. So the answer to a message
never comes before its commit, and the number of commits does not grow with the number of messages.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, DataError, Error

from megaplan_gateway.database import Pool, in_time
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.options import MIB, Options
from megaplan_sync.inbox.event_store import EventRow, StoredEvent, insert_parameters, stored_events
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

MOST_ROWS = 500
MOST_BYTES = 8 * MIB


class InboxFullError(Exception):
    """More messages wait than may wait."""


class InboxUnavailableError(Exception):
    """Postgres did not store a message in time; nobody may be told that it was."""


class UnstorableError(Exception):
    """Postgres refuses this very message."""


@dataclass(frozen=True)
class _Waiting:
    account: str
    source: str
    row: EventRow
    told: asyncio.Future[StoredEvent]
    until: float


class InboxWriter:
    """The writer of one process; several processes may write at once.

    ``run`` has to be running while ``store`` is used.
    """

    def __init__(self, pool: Pool, options: Options, metrics: Metrics) -> None:
        self._pool = pool
        self._options = options
        self._metrics = metrics
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    async def store(self, account: str, source: str, row: EventRow) -> StoredEvent:
        """Store a message; returns once it is committed, durably.

        :raises InboxFullError: too much is waiting already
        :raises InboxUnavailableError: Postgres did not store it in time
        :raises UnstorableError: Postgres refuses it
        """
        size = len(row.body)
        if len(self._queue) >= self._options.most_waiting or self._bytes > self._options.most_waiting_bytes:
            raise InboxFullError
        told: asyncio.Future[StoredEvent] = asyncio.get_running_loop().create_future()
        until = time.monotonic() + self._options.store_seconds
        self._queue.append(_Waiting(account, source, row, told, until))
        self._bytes += size
        self._metrics.waiting.set(len(self._queue))
        self._wake.set()
        return await told

    async def run(self) -> None:
        """Store what waits, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._store_in_time(self._take())
                self._metrics.waiting.set(len(self._queue))

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._queue and len(batch) < MOST_ROWS and size < MOST_BYTES:
            one = self._queue.popleft()
            size += len(one.row.body)
            batch.append(one)
        self._bytes -= size
        return batch

    async def _store_in_time(self, batch: list[_Waiting]) -> None:
        """Store a batch, over a restart of Postgres too, as long as somebody waits for it."""
        pause = 0.02
        while batch:
            try:
                await in_time(max(0.05, batch[0].until - time.monotonic()), self._commit(batch))
                return
            except DataError as error:
                await self._store_singly(batch, error)
                return
            except (Error, TimeoutError, OSError) as error:
                now = time.monotonic()
                late = [one for one in batch if now + pause >= one.until]
                batch = [one for one in batch if now + pause < one.until]
                for one in late:
                    _tell(one, InboxUnavailableError())
                log.warning(
                    "inbox not written",
                    extra={"reason": type(error).__name__, "refused": len(late), "waiting": len(batch)},
                )
                await asyncio.sleep(pause)
                pause = min(pause * 2, 0.5)
            except Exception as error:  # whatever it is, messages that follow are not held up
                log.exception("inbox not written", extra={"waiting": len(batch)})
                await self._store_singly(batch, error)
                return

    async def _store_singly(self, batch: list[_Waiting], error: Exception) -> None:
        """Keep one message that cannot be stored from taking the others with it."""
        if len(batch) > 1:
            for one in batch:
                await self._store_in_time([one])
        elif isinstance(error, DataError | UnicodeError):
            log.error("message refused", extra={"reason": getattr(error, "sqlstate", type(error).__name__)})
            _tell(batch[0], UnstorableError())
        else:
            _tell(batch[0], InboxUnavailableError())

    async def _commit(self, batch: Sequence[_Waiting]) -> None:
        groups: dict[tuple[str, str], list[_Waiting]] = defaultdict(list)
        for one in batch:
            groups[one.account, one.source].append(one)
        started = time.perf_counter()
        stored: list[tuple[_Waiting, StoredEvent]] = []
        async with self._pool.connection() as connection, AsyncExitStack() as whole:
            if len(groups) > 1:  # one statement is a transaction of its own, without two more round trips
                await whole.enter_async_context(connection.transaction())
            for (account, source), members in sorted(groups.items(), key=lambda group: group[0]):
                events = await _insert(connection, account, source, [one.row for one in members])
                stored += zip(members, events, strict=True)
        self._metrics.commit_seconds.observe(time.perf_counter() - started)
        self._metrics.commit_rows.observe(len(batch))
        for one, event in stored:
            kind = "broken" if event.broken else "new" if event.is_new else "known"
            self._metrics.stored.labels(one.source, kind).inc()
            if not one.told.done():  # whoever asked may have gone meanwhile
                one.told.set_result(event)


async def _insert(
    connection: AsyncConnection[Any], account: str, source: str, rows: Sequence[EventRow]
) -> list[StoredEvent]:
    cursor = await connection.execute(read_sql("insert_events"), insert_parameters(account, source, rows))
    return stored_events(rows, await cursor.fetchall())


def _tell(one: _Waiting, error: Exception) -> None:
    if not one.told.done():
        one.told.set_exception(error)

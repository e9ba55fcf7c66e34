"""The Postgres connection pool, and timeouts that hold even if Postgres hangs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from psycopg_pool import AsyncConnectionPool

from megaplan_sync.kernel.session import CONNECT_OPTIONS, LiveSession

Pool = AsyncConnectionPool[LiveSession]
Result = TypeVar("Result")

WAIT_SECONDS = 5.0
"""Timeout for getting a session while a client waits; the pool's default is 30 s."""

RECONNECT_SECONDS = 2.0
"""The pool waits ever longer between attempts to connect; after so long it begins anew."""

# detects a lost Postgres host within seconds; TCP alone takes about 15 minutes
_KEEPALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_abandoned: set[asyncio.Task[Any]] = set()


async def in_time(seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """Await a Postgres operation with a hard timeout.

    ``asyncio.timeout`` is not enough if Postgres hangs: a cancelled query first asks the server to cancel it, and
    waits up to ten seconds for that. Here the cancellation continues in the background.

    :raises TimeoutError: if the operation takes longer; its outcome is then unknown
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            _abandoned.add(task)
            task.add_done_callback(_discard)
            task.cancel()
    if not task.done():
        raise TimeoutError
    return task.result()


def _discard(task: asyncio.Task[Any]) -> None:
    _abandoned.discard(task)
    if not task.cancelled():
        task.exception()  # retrieves it, or asyncio would log it: nobody awaits the task any more


class FewSessions:
    """A pool's sessions, of which background work uses only a few at a time: the others are for those who wait.

    :param most: sessions in use at a time
    """

    def __init__(self, pool: Pool, most: int) -> None:
        self._pool = pool
        self._free = asyncio.Semaphore(most)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[LiveSession]:
        """Use a session inside the block."""
        async with self._free, self._pool.connection() as session:
            yield session


def database_pool(conninfo: str, size: int) -> Pool:
    """Return a pool of :class:`LiveSession`, not yet open."""
    return AsyncConnectionPool(
        conninfo,
        connection_class=LiveSession,
        min_size=2,
        max_size=size,
        open=False,
        configure=LiveSession.prepare,
        kwargs={**CONNECT_OPTIONS, "connect_timeout": 5, **_KEEPALIVE},
        reconnect_timeout=RECONNECT_SECONDS,
        name="gateway",
    )

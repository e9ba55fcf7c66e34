"""The Postgres connection pool, and timeouts that hold even if Postgres hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from megaplan_sync.kernel.sql import read_sql

Pool = AsyncConnectionPool[AsyncConnection[Any]]
Result = TypeVar("Result")

WAIT_SECONDS = 5.0
"""Timeout for getting a session while a client waits; the pool's default is 30 s."""

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


def database_pool(conninfo: str, size: int) -> Pool:
    """Return a pool, not yet open. Sessions use autocommit, UTC and synchronous commits.

    As in the syncs, statements are not prepared: a plan made while a table was empty would be reused for ever.
    """
    return AsyncConnectionPool(
        conninfo,
        min_size=2,
        max_size=size,
        open=False,
        configure=_configure,
        kwargs={"autocommit": True, "prepare_threshold": None, "connect_timeout": 5, **_KEEPALIVE},
        reconnect_timeout=30,
        name="gateway",
    )


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.execute(read_sql("prepare_live_session"))

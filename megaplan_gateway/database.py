"""Sessions in Postgres, for many coroutines at once."""

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
"""How long somebody who waits for an answer waits for a session; the pool itself would wait for 30 s."""

# a Postgres whose machine is gone is given up after so long, not after the quarter of an hour that TCP takes
_KEEPALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
_abandoned: set[asyncio.Task[Any]] = set()


async def in_time(seconds: float, work: Coroutine[Any, Any, Result]) -> Result:
    """Wait for something that Postgres does, but no longer.

    ``asyncio.timeout`` alone does not hold where Postgres hangs: a query that is cancelled first asks Postgres to end
    it, and waits up to ten seconds for that. Here it does so behind the back of whoever waited.

    :raises TimeoutError: it took longer; whether it was done nobody knows
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        if not task.done():
            _abandoned.add(task)
            task.add_done_callback(_forget)
            task.cancel()
    if not task.done():
        raise TimeoutError
    return task.result()


def _forget(task: asyncio.Task[Any]) -> None:
    _abandoned.discard(task)
    if not task.cancelled():
        task.exception()  # it was looked at: nobody waits for it any more


def database_pool(conninfo: str, size: int) -> Pool:
    """Return a pool that is not open yet. Sessions are in autocommit mode and UTC; commits wait for the disk.

    Statements are planned each time, as in the syncs: a plan kept from when a table was empty would stay.
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

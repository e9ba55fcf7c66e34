"""Sessions in Postgres, for many coroutines at once."""

from __future__ import annotations

from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from megaplan_sync.sql import read_sql

Pool = AsyncConnectionPool[AsyncConnection[Any]]

WAIT_SECONDS = 5.0
"""How long somebody who waits for an answer waits for a session; the pool itself would wait for 30 s."""


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
        kwargs={"autocommit": True, "prepare_threshold": None, "connect_timeout": 5},
        reconnect_timeout=30,
        name="gateway",
    )


async def _configure(connection: AsyncConnection[Any]) -> None:
    await connection.execute(read_sql("prepare_live_session"))

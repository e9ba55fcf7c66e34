"""Asynchronous database sessions for triggers, and those that can listen to the inbox."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from megaplan_sync.inbox.event_store import CHANNEL
from megaplan_sync.kernel.postgres import postgres_address
from megaplan_sync.kernel.session import CONNECT_OPTIONS, LiveSession
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)


async def open_session(postgres_conn_id: str) -> LiveSession:
    """Open a session with an Airflow connection.

    :raises psycopg.OperationalError: the database cannot be reached
    """
    connection = await BaseHook.aget_connection(postgres_conn_id)
    address = await asyncio.to_thread(postgres_address, connection)
    session = await LiveSession.connect(address, **{"connect_timeout": 10, **CONNECT_OPTIONS})
    await session.prepare()
    return session


@asynccontextmanager
async def listening(session: LiveSession, postgres_conn_id: str) -> AsyncIterator[LiveSession | None]:
    """Yield a session that listens to the inbox: this one, unless a pooler would give its notifications to others.

    Then one of the connection ``<postgres_conn_id>_direct``, which leads past the pooler; None if there is none.
    """
    if not await _is_pooled(session):
        await session.execute(f"LISTEN {CHANNEL}")
        yield session
        return
    try:
        direct = await open_session(f"{postgres_conn_id}_direct")
    except AirflowNotFoundException:
        log.info(
            "%s leads to a pooler and there is no connection %s_direct: polling",
            postgres_conn_id,
            postgres_conn_id,
        )
        yield None
        return
    async with direct:
        await direct.execute(f"LISTEN {CHANNEL}")
        yield direct


async def newest_waiting_event(session: LiveSession, statement: str = "select_waiting_events") -> int | None:
    """Return the number of the newest waiting event; None if no event is waiting.

    :param statement: selects it: among the events for the push of calls, or among Megaplan's webhooks
    """
    row = await (await session.execute(read_sql(statement))).fetchone()
    return None if row is None or row[0] is None else int(row[0])


async def _is_pooled(session: LiveSession) -> bool:
    """Return whether a pooler is in between: it tells its clients another process than the one that serves them."""
    row = await (await session.execute(read_sql("select_backend"))).fetchone()
    return row is None or row[0] != session.info.backend_pid

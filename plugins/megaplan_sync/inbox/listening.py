"""Asynchronous database sessions for triggers."""

from __future__ import annotations

from typing import Any

from airflow.sdk import BaseHook
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from megaplan_sync.kernel.sql import read_sql

_LIBPQ_EXTRAS = (
    *("sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "target_session_attrs", "channel_binding"),
    *(
        "connect_timeout",
        "keepalives",
        "keepalives_idle",
        "keepalives_interval",
        "keepalives_count",
        "options",
    ),
)


async def open_session(postgres_conn_id: str) -> AsyncConnection[Any]:
    """Open a session in autocommit mode with an Airflow connection.

    :raises psycopg.OperationalError: the database cannot be reached
    """
    connection = await BaseHook.aget_connection(postgres_conn_id)
    extra = {name: value for name, value in connection.extra_dejson.items() if name in _LIBPQ_EXTRAS}
    address = make_conninfo(
        host=connection.host,
        port=connection.port,
        user=connection.login,
        password=connection.password or None,
        dbname=connection.schema,
        **{"connect_timeout": 10, **extra},
    )
    return await AsyncConnection.connect(address, autocommit=True)


async def newest_waiting_event(
    session: AsyncConnection[Any], statement: str = "select_waiting_events"
) -> int | None:
    """Return the number of the newest waiting event; None if no event is waiting.

    :param statement: selects it: among the events for the push of calls, or among Megaplan's webhooks
    """
    row = await (await session.execute(read_sql(statement))).fetchone()
    return None if row is None or row[0] is None else int(row[0])

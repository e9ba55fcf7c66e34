"""Group commit: messages of several accounts share a commit; one that Postgres rejects does not affect the others."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from psycopg import Connection

from megaplan_gateway.database import database_pool
from megaplan_gateway.inbox.inbox_writer import InboxFullError, InboxWriter, UnstorableError
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.options import Options
from megaplan_sync.inbox.event_store import UIS_NOTIFICATION, EventRow, Message, event_row


def row(number: int) -> EventRow:
    body = (
        b'{"notification_mnemonic": "in_call", "notification_timestamp": 1768460403, "call_session_id": %d}'
    )
    return event_row(UIS_NOTIFICATION, Message(body % number, None), ZoneInfo("Europe/Moscow"))


def unstorable(number: int, text: str) -> EventRow:
    sound = row(number)
    return sound._replace(content=replace(sound.content, mnemonic=text))


def writing(
    uri: str, work: Callable[[InboxWriter], Awaitable[Any]], options: Options | None = None
) -> tuple[Any, float]:
    """Run a coroutine with a running writer; return its result and the number of commits."""
    metrics = Metrics()

    async def run() -> Any:
        pool = database_pool(uri, 2)
        await pool.open(wait=True)
        writer = InboxWriter(pool, options or Options(), metrics)
        task = asyncio.create_task(writer.run())
        try:
            return await work(writer)
        finally:
            task.cancel()
            await pool.close()

    result = asyncio.run(run())
    commits = metrics.registry.get_sample_value("gateway_inbox_commit_rows_count")
    return result, commits or 0


def test_messages_of_several_accounts_and_sources_share_a_commit(
    tables: Connection[Any], database_uri: str
) -> None:
    places = [("a", UIS_NOTIFICATION), ("b", UIS_NOTIFICATION), ("a", "megaplan_webhook")]

    async def work(writer: InboxWriter) -> list[Any]:
        wanted = [(*place, row(number)) for number in range(1, 4) for place in places]
        return await asyncio.gather(*(writer.store(*one) for one in wanted))

    events, commits = writing(database_uri, work)
    assert commits == 1
    assert all(event.is_new for event in events)
    found = tables.execute(
        "SELECT account, source, count(*) FROM telephony.events GROUP BY account, source"
    ).fetchall()
    assert sorted(found) == sorted((*place, 3) for place in places)


@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"], ids=["rejected by Postgres", "cannot be encoded"])
def test_an_unstorable_message_does_not_affect_the_others(
    text: str, tables: Connection[Any], database_uri: str
) -> None:
    async def work(writer: InboxWriter) -> list[Any]:
        rows = [row(1), unstorable(2, text), row(3)]
        return await asyncio.gather(
            *(writer.store("a", UIS_NOTIFICATION, one) for one in rows), return_exceptions=True
        )

    (first, second, third), _ = writing(database_uri, work)
    assert (first.call_session_id, third.call_session_id) == (1, 3)
    assert isinstance(second, UnstorableError)
    sessions = tables.execute("SELECT call_session_id FROM telephony.events ORDER BY 1").fetchall()
    assert sessions == [(1,), (3,)]


def test_a_message_that_a_users_constraint_forbids_does_not_affect_the_others(
    tables: Connection[Any], database_uri: str
) -> None:
    """All messages of its batch were refused as if Postgres were down."""
    tables.execute("ALTER TABLE telephony.events ADD CONSTRAINT sane CHECK (call_session_id <> 2)")

    async def work(writer: InboxWriter) -> list[Any]:
        return await asyncio.gather(
            *(writer.store("a", UIS_NOTIFICATION, row(number)) for number in (1, 2, 3)),
            return_exceptions=True,
        )

    (first, second, third), _ = writing(database_uri, work)
    assert (first.call_session_id, third.call_session_id) == (1, 3)
    assert isinstance(second, UnstorableError)


@pytest.mark.usefixtures("tables")
def test_messages_beyond_the_queue_limit_are_refused_at_once(database_uri: str) -> None:
    async def work(writer: InboxWriter) -> list[Any]:
        return await asyncio.gather(
            *(writer.store("a", UIS_NOTIFICATION, row(number)) for number in range(1, 9)),
            return_exceptions=True,
        )

    results, _ = writing(database_uri, work, Options(max_waiting=5))
    assert sum(isinstance(one, InboxFullError) for one in results) == 3

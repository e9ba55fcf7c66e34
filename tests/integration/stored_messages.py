"""Messages in the inbox, parsed and stored as in the gateway, but in a synchronous session."""

from collections.abc import Iterable
from typing import Any

from psycopg import Connection

from megaplan_sync.inbox.event_store import MOSCOW, Message, StoredEvent, event_row, store_events

Received = tuple[bytes, str | None, str | None]
"""Body, content type and query."""


def store_messages(
    connection: Connection[Any], account: str, source: str, messages: Iterable[Received]
) -> list[StoredEvent]:
    rows = [event_row(source, Message(*message), MOSCOW) for message in messages]
    return store_events(connection, account, source, rows)


def store_message(
    connection: Connection[Any],
    account: str,
    source: str,
    body: bytes,
    content_type: str | None = None,
    query: str | None = None,
) -> StoredEvent:
    return store_messages(connection, account, source, [(body, content_type, query)])[0]

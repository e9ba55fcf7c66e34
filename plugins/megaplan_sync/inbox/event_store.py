"""The inbox: every message from UIS and Megaplan is stored before it is processed.

Messages may come in any order, repeatedly, and with any content. When the transaction commits, listeners of the
channel ``telephony_events`` get the account's name, and derive calls by
:mod:`megaplan_sync.telephony.calls.call_table`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson
from psycopg import Connection

from megaplan_sync.inbox.notification_bodies import without_secrets
from megaplan_sync.inbox.notifications import Notification, json_text, read_notification
from megaplan_sync.inbox.report_rows import read_report_row, row_body
from megaplan_sync.inbox.webhook_bodies import read_webhook
from megaplan_sync.kernel.sql import read_sql

UIS_NOTIFICATION = "uis_notification"
UIS_REPORT = "uis_report"
MEGAPLAN_WEBHOOK = "megaplan_webhook"
CHANNEL = "telephony_events"
_MOST_OF_A_WEBHOOK = 1024 * 1024
"""Bytes of a webhook that are stored; one with a deal of 300 line items is larger."""
MOSCOW = ZoneInfo("Europe/Moscow")
"""The default of the setting ``account_timezone``."""


class Message(NamedTuple):
    """A request as received. ``query`` is the query string of the URL; for a GET it is the message."""

    body: bytes
    content_type: str | None
    query: str | None = None


class StoredEvent(NamedTuple):
    """The event of a message.

    :param number: of the event, which may have been stored before
    :param is_new: whether this is the first message of the event
    :param call_session_id: None if it does not concern a call
    :param mnemonic: the kind of event; None if the message does not name it
    :param broken: why the message could not be read; None if it could
    :param values: its content, by UIS's names
    """

    number: int
    is_new: bool
    call_session_id: int | None
    mnemonic: str | None
    broken: str | None
    values: Mapping[str, Any] | None = None


class EventRow(NamedTuple):
    """A message with its body as stored, and its content."""

    body: bytes
    content_type: str | None
    content: Notification


def store_events(
    connection: Connection[Any], account: str, source: str, rows: Sequence[EventRow]
) -> list[StoredEvent]:
    """Store messages in the caller's transaction; return one result per message, in the same order.

    Of equal messages in one batch, the first one is new.

    :param source: ``uis_notification``, ``uis_report`` or ``megaplan_webhook``
    """
    if not rows:
        return []
    answer = connection.execute(read_sql("insert_events"), insert_parameters(account, source, rows))
    return stored_events(rows, answer.fetchall())


def store_report_rows(
    connection: Connection[Any],
    account: str,
    rows: Iterable[Mapping[str, Any]],
    *,
    zone: ZoneInfo = MOSCOW,
    records_url: str | None = None,
    read_at: datetime | None = None,
) -> list[StoredEvent]:
    """Store rows of ``get.calls_report`` as events of their calls; return one result per row, in the same order.

    A row that equals its last version is not a new event.

    :param records_url: host of the recordings, from the UIS connection, so that records have links
    :param read_at: when the report was read, timezone-aware; default is now
    """
    read_at = read_at if read_at is not None else datetime.now(UTC)
    bodies = [row_body(row) for row in rows]
    events = [
        EventRow(
            body,
            "application/json",
            read_report_row(body, zone=zone, records_url=records_url, read_at=read_at),
        )
        for body in bodies
    ]
    return store_events(connection, account, UIS_REPORT, events)


def event_row(
    source: str,
    message: Message,
    zone: ZoneInfo,
    received_at: datetime | None = None,
    *,
    is_private: bool = False,
) -> EventRow:
    """Return the row to store for a message. Free of I/O.

    :param received_at: timezone-aware; without it, an old time does not show that the message is a test
    :param is_private: of a webhook, store only which entity it names, since its data may contain private fields
    """
    body, content_type, query = message
    raw = body if body.strip() or not query else query.encode("utf-8", "replace")
    content_type = content_type.replace("\0", "")[:200] if content_type else None
    if source == MEGAPLAN_WEBHOOK:
        webhook = read_webhook(body, received_at)
        raw = raw[:_MOST_OF_A_WEBHOOK]  # what it says is read from Megaplan
        content = Notification(
            webhook.dedupe_key, webhook.mnemonic, values=webhook.values, broken=webhook.broken
        )
        if is_private:
            raw = orjson.dumps(webhook.values or {})
    else:
        content = read_notification(body, content_type, query, zone=zone, received_at=received_at)
    return EventRow(without_secrets(raw), content_type, content)


def insert_parameters(account: str, source: str, rows: Sequence[EventRow]) -> dict[str, Any]:
    """Return the parameters of ``insert_events``: one row per key, with the number of its copies."""
    first: dict[str, EventRow] = {}
    copies: dict[str, int] = {}
    for row in rows:
        key = row.content.dedupe_key
        first.setdefault(key, row)
        copies[key] = copies.get(key, 0) + 1
    events = list(first.values())
    contents = [row.content for row in events]
    return {
        "account": account,
        "source": source,
        "dedupe_keys": list(first),
        "times_received": list(copies.values()),
        "content_types": [row.content_type for row in events],
        "bodies": [row.body for row in events],
        "broken": [one.broken for one in contents],
        "repaired": [one.repaired for one in contents],
        "mnemonics": [one.mnemonic for one in contents],
        "call_session_ids": [one.call_session_id for one in contents],
        "occurred_at": [one.occurred_at for one in contents],
        "payloads": [json_text(one.values) if one.values is not None else None for one in contents],
    }


def stored_events(rows: Sequence[EventRow], answer: Iterable[Sequence[Any]]) -> list[StoredEvent]:
    """Combine the result of ``insert_events`` with the messages."""
    found = {key: (number, is_new) for key, number, is_new, *_ in answer}
    seen: set[str] = set()
    events = []
    for row in rows:
        one = row.content
        number, is_new = found[one.dedupe_key]
        is_first = is_new and one.dedupe_key not in seen
        seen.add(one.dedupe_key)
        events.append(
            StoredEvent(number, is_first, one.call_session_id, one.mnemonic, one.broken, one.values)
        )
    return events

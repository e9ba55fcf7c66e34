"""The inbox: everything that comes in, of calls and from Megaplan, is stored before anything is done about it.

Any order, any repetition, any content. What is stored rings the channel ``telephony_events`` with the account's name,
when the transaction commits; whoever listens then calls :mod:`megaplan_sync.telephony.calls.call_table`.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

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
MOSCOW = ZoneInfo("Europe/Moscow")
"""The default of the setting ``account_timezone``."""


class Message(NamedTuple):
    """A request as it came. ``query``: the query string of its address; of a GET it is the message."""

    body: bytes
    content_type: str | None
    query: str | None = None


class StoredEvent(NamedTuple):
    """What became of a message.

    :param number: of the event, which may have been stored earlier
    :param is_new: it is here for the first time
    :param call_session_id: None if it is not about a call
    :param mnemonic: the event; None if the message does not tell
    :param broken: why it could not be understood; None if it could
    :param values: what it says, by UIS's names
    """

    number: int
    is_new: bool
    call_session_id: int | None
    mnemonic: str | None
    broken: str | None
    values: Mapping[str, Any] | None = None


class EventRow(NamedTuple):
    """A message, its body as it is stored, and what it says."""

    body: bytes
    content_type: str | None
    said: Notification


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
    """Store rows of ``get.calls_report`` as events of their calls; one answer for each, in their order.

    A row that says what its last version said is no new event.

    :param records_url: host of recordings, so that records have links; of the UIS connection's settings
    :param read_at: when UIS was asked, aware; default is now
    """
    asked = read_at if read_at is not None else datetime.now(UTC)
    bodies = [row_body(row) for row in rows]
    events = [
        EventRow(
            body,
            "application/json",
            read_report_row(body, zone=zone, records_url=records_url, read_at=asked),
        )
        for body in bodies
    ]
    return store_events(connection, account, UIS_REPORT, events)


def event_row(source: str, message: Message, zone: ZoneInfo) -> EventRow:
    """Read a message and say how it is stored. Free of I/O."""
    body, content_type, query = message
    raw = body if body.strip() or not query else query.encode("utf-8", "replace")
    content_type = content_type.replace("\0", "")[:200] if content_type else None
    if source == MEGAPLAN_WEBHOOK:
        webhook = read_webhook(body)
        said = Notification(
            webhook.dedupe_key, webhook.mnemonic, values=webhook.values, broken=webhook.broken
        )
    else:
        said = read_notification(body, content_type, query, zone=zone)
    return EventRow(without_secrets(raw), content_type, said)


def insert_parameters(account: str, source: str, rows: Sequence[EventRow]) -> dict[str, Any]:
    """Return the parameters of ``insert_events``: one row for each key, with the number of its copies."""
    first: dict[str, EventRow] = {}
    copies: dict[str, int] = {}
    for row in rows:
        first.setdefault(row.said.dedupe_key, row)
        copies[row.said.dedupe_key] = copies.get(row.said.dedupe_key, 0) + 1
    events = list(first.values())
    said = [row.said for row in events]
    return {
        "account": account,
        "source": source,
        "dedupe_keys": list(first),
        "times_received": list(copies.values()),
        "content_types": [row.content_type for row in events],
        "bodies": [row.body for row in events],
        "broken": [one.broken for one in said],
        "repaired": [one.repaired for one in said],
        "mnemonics": [one.mnemonic for one in said],
        "call_session_ids": [one.call_session_id for one in said],
        "occurred_at": [one.occurred_at for one in said],
        "payloads": [json_text(one.values) if one.values is not None else None for one in said],
    }


def stored_events(rows: Sequence[EventRow], answer: Iterable[Sequence[Any]]) -> list[StoredEvent]:
    """Put the answer of ``insert_events`` together with the messages."""
    found = {key: (number, is_new) for key, number, is_new, *_ in answer}
    seen: set[str] = set()
    events = []
    for row in rows:
        said = row.said
        number, is_new = found[said.dedupe_key]
        is_first = is_new and said.dedupe_key not in seen
        seen.add(said.dedupe_key)
        events.append(
            StoredEvent(number, is_first, said.call_session_id, said.mnemonic, said.broken, said.values)
        )
    return events

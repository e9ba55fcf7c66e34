"""Writes messages about incidents, and delivers them until their recipients have accepted them.

A message is written in the transaction that marks its incidents as told, one row per recipient, so none is lost and
none is written twice. Whoever delivers takes one row at a time; if it dies between sending and marking, that row is
sent again.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.notices.sinks import Sink

log = logging.getLogger(__name__)

_MOST_INCIDENTS = 10
"""Messengers cut long messages off."""
_MOST_MESSAGES = 20
"""Sent at one go; Apprise pauses between two messages to the same recipient."""
_SAYS = {"failure": "failed", "late": "takes too long", "stale": "has stale tables"}


@dataclass(frozen=True)
class Incident:
    """A row of ``notices.incidents`` that somebody has to be told of.

    :param is_known: people have been told that it has begun
    """

    id: int
    kind: str
    subject: str
    accounts: list[str]
    remedy: str
    link: str | None
    opened_at: datetime
    closed_at: datetime | None
    is_known: bool
    seconds: int

    @property
    def headline(self) -> str:
        """What and where, in a few words."""
        where = f" for {', '.join(self.accounts[:3])}" if self.accounts else ""
        more = f" and {len(self.accounts) - 3} more" if len(self.accounts) > 3 else ""
        return f"{self.subject} {_SAYS[self.kind]}{where}{more}"

    def lines(self) -> list[str]:
        """Return the paragraph about it."""
        since = f"{self.opened_at:%Y-%m-%d %H:%M} UTC"
        if self.closed_at is None:
            lines = [f"{self.headline}, since {since}", self.remedy]
        else:
            lines = [f"Over: {self.headline}, since {since}, for {_duration(self.seconds)}"]
            if not self.is_known:
                lines.append(self.remedy)
        return [*lines, *([self.link] if self.link else []), ""]


def write_messages(connection: Connection[Any], sinks: Sequence[Sink]) -> int:
    """Write one message to everybody about all incidents that are new or over; return how many there are."""
    with connection.transaction():
        connection.execute(read_sql("lock_notices"))
        with connection.cursor(row_factory=class_row(Incident)) as cursor:
            incidents = cursor.execute(read_sql("select_untold_incidents")).fetchall()
        if incidents:
            title, body = message_about(incidents)
            values = {
                "sinks": [sink.key for sink in sinks],
                "title": title,
                "body": body,
                "is_bad_news": any(incident.closed_at is None for incident in incidents),
            }
            connection.execute(read_sql("write_messages"), values)
            connection.execute(read_sql("mark_told"), {"ids": [incident.id for incident in incidents]})
    return len(incidents)


def deliver(connection: Connection[Any], sinks: Sequence[Sink]) -> list[str]:
    """Send messages that are due; return the names of recipients that did not accept one."""
    by_key = {sink.key: sink for sink in sinks}
    refused: dict[str, str] = {}
    for _ in range(_MOST_MESSAGES):
        # after a refusal, the rest waits too: a recipient gets its messages in order
        waiting = {"sinks": [key for key in by_key if key not in refused]}
        row = connection.execute(read_sql("claim_message"), waiting).fetchone()
        if row is None:
            break
        number, key, title, body, is_bad_news = row
        if by_key[key].send(title, body, is_bad_news):
            connection.execute(read_sql("mark_sent"), {"id": number})
        else:
            refused[key] = by_key[key].name
            log.warning("Message %d: %s does not accept it; tried again later", number, by_key[key].name)
    connection.execute(read_sql("delete_old_notices"), {"sinks": list(by_key)})
    connection.execute(read_sql("delete_old_incidents"))
    return list(refused.values())


def message_about(incidents: Sequence[Incident]) -> tuple[str, str]:
    """Return title and text."""
    first = incidents[0]
    title = f"Over: {first.headline}" if first.closed_at is not None else first.headline
    if len(incidents) > 1:
        title += f", and {len(incidents) - 1} more"
    lines = [line for incident in incidents[:_MOST_INCIDENTS] for line in incident.lines()]
    if len(incidents) > _MOST_INCIDENTS:
        lines.append(f"And {len(incidents) - _MOST_INCIDENTS} more: see the table notices.incidents.")
    return f"Megaplan: {title}", "\n".join(lines).rstrip()


def _duration(seconds: int) -> str:
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"

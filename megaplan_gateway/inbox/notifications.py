"""``/{account}/{secret}/uis``: UIS notifications. Committed first, then acknowledged, then processed."""

from __future__ import annotations

from datetime import UTC, datetime

from starlette.responses import Response

from megaplan_gateway.http.refusals import RefusedError, json_response
from megaplan_gateway.http.request_body import Incoming
from megaplan_gateway.inbox.inbox_writer import InboxFullError, InboxUnavailableError, UnstorableError
from megaplan_gateway.service import Gateway
from megaplan_sync.inbox.event_store import UIS_NOTIFICATION, EventRow, Message, StoredEvent, event_row


class Notifications:
    """Receives UIS notifications."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def receive(self, incoming: Incoming) -> Response:
        """Store a notification whatever its content; respond with 400 and the reason if it is malformed."""
        account = incoming.account
        # UIS writes times in the time zone of its account, which may differ from that of the Megaplan account
        zone = (account.uis_settings or account.settings).zone
        message = Message(incoming.body, incoming.content_type, incoming.query)
        received_at = datetime.now(UTC)
        row = event_row(UIS_NOTIFICATION, message, zone, received_at)
        stored = await stored_in_inbox(self._gateway, account.name, UIS_NOTIFICATION, row)
        if stored.broken is not None:
            raise RefusedError(400, f"Stored, but not understood: {stored.broken}.")
        if stored.is_new:  # a repeated one is late
            self._gateway.uis_clocks.note(account.name, row.content.occurred_at, received_at)
        return json_response({"stored": True})


async def stored_in_inbox(gateway: Gateway, account: str, source: str, row: EventRow) -> StoredEvent:
    """Store a message of any source and return once it is on disk.

    :raises RefusedError: 503 if the sender should retry, 400 if the message can never be stored
    """
    try:
        return await gateway.inbox.store(account, source, row)
    except InboxFullError:
        raise RefusedError(503, "Too many messages are waiting; send it again.", retry_after=2) from None
    except InboxUnavailableError:
        raise RefusedError(503, "The message was not stored; send it again.", retry_after=5) from None
    except UnstorableError:
        raise RefusedError(400, "The message contains data that Postgres cannot store.") from None

"""``/{account}/{secret}/uis``: notifications of UIS. Committed first, answered then, acted upon last."""

from __future__ import annotations

from starlette.responses import Response

from megaplan_gateway.http.refusals import RefusedError, json_response
from megaplan_gateway.http.request_body import Incoming
from megaplan_gateway.inbox.inbox_writer import InboxFullError, InboxUnavailableError, UnstorableError
from megaplan_gateway.service import Gateway
from megaplan_sync.inbox.event_store import UIS_NOTIFICATION, EventRow, Message, StoredEvent, event_row


class Notifications:
    """The receiver of UIS's notifications."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def receive(self, incoming: Incoming) -> Response:
        """Store a notification, whatever is in it; 400 with the reason if it could not be understood."""
        account = incoming.account
        # UIS writes its moments in the cabinet's zone, which need not be the one of the Megaplan account
        zone = (account.uis_settings or account.settings).zone
        message = Message(incoming.body, incoming.content_type, incoming.query)
        row = event_row(UIS_NOTIFICATION, message, zone)
        stored = await stored_in_inbox(self._gateway, account.name, UIS_NOTIFICATION, row)
        if stored.broken is not None:
            raise RefusedError(400, f"Stored, but of no use: {stored.broken}.")
        self._gateway.popups.notice(account.name, stored)
        return json_response({"stored": True})


async def stored_in_inbox(gateway: Gateway, account: str, source: str, row: EventRow) -> StoredEvent:
    """Store a message of any source; returns once it is on disk.

    :raises RefusedError: it is not, and may be sent again (503), or can never be stored (400)
    """
    try:
        return await gateway.inbox.store(account, source, row)
    except InboxFullError:
        raise RefusedError(503, "Too much is waiting to be stored; send it again.", retry_after=2) from None
    except InboxUnavailableError:
        raise RefusedError(503, "It could not be stored; send it again.", retry_after=5) from None
    except UnstorableError:
        raise RefusedError(400, "It holds something that cannot be stored.") from None

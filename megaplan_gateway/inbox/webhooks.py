"""``/{account}/{secret}/megaplan``: webhooks of Megaplan. Committed, then answered; a DAG does the work.

Megaplan sends an application's events in order and holds all later ones back until one is answered with 200 within
20 seconds. So whatever can be kept is taken, also what no table holds; only what is no webhook of this account is
refused.
"""

from __future__ import annotations

import logging

from starlette.responses import Response

from megaplan_gateway.http.refusals import RefusedError, json_response
from megaplan_gateway.http.request_body import Incoming
from megaplan_gateway.inbox.notifications import stored_in_inbox
from megaplan_gateway.service import Gateway
from megaplan_sync.inbox.event_store import MEGAPLAN_WEBHOOK, Message, event_row
from megaplan_sync.inbox.webhook_bodies import read_webhook
from megaplan_sync.webhooks.account_names import foreign_account

log = logging.getLogger(__name__)


class Webhooks:
    """The receiver of Megaplan's webhooks."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def receive(self, incoming: Incoming) -> Response:
        """Store a webhook; 403 for another account's, 400 with the reason if it could not be understood."""
        account = incoming.account
        others = [other.settings for other in self._gateway.accounts if other is not account]
        foreign = foreign_account(read_webhook(incoming.body), account.settings, others)
        if foreign is not None:
            log.warning(
                "webhook of another account refused", extra={"account": account.name, "from": foreign}
            )
            raise RefusedError(
                403,
                "This webhook names another account. Give each account's application its own address; if it is this "
                "account's name after all, add it to vendor_quirks.webhook_account_names.",
            )
        message = Message(incoming.body, incoming.content_type)
        row = event_row(MEGAPLAN_WEBHOOK, message, account.settings.zone)
        stored = await stored_in_inbox(self._gateway, account.name, MEGAPLAN_WEBHOOK, row)
        if stored.broken is not None:
            raise RefusedError(400, f"Stored, but of no use: {stored.broken}.")
        return json_response({"stored": True})

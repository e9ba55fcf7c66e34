"""``/{account}/{secret}/megaplan``: Megaplan webhooks. Committed, then acknowledged; a DAG processes them.

Megaplan sends an application's events in order and withholds the next one until the previous one is answered with 200
within 20 seconds. So whatever comes is stored and accepted, also if it is malformed or of a model without a table.
Only events of another account are refused.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

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
    """Receives Megaplan webhooks."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def receive(self, incoming: Incoming) -> Response:
        """Store a webhook, and say so if it is malformed; respond with 403 if another account sent it."""
        account = incoming.account
        others = [other.settings for other in self._gateway.accounts if other is not account]
        foreign = foreign_account(read_webhook(incoming.body), account.settings, others)
        if foreign is not None:
            log.warning(
                "webhook of another account refused", extra={"account": account.name, "from": foreign}
            )
            raise RefusedError(
                403,
                "This webhook names another account. Give each account's application its own address; if the name "
                "does belong to this account, add it to vendor_quirks.webhook_account_names.",
            )
        message = Message(incoming.body, incoming.content_type)
        row = event_row(
            MEGAPLAN_WEBHOOK,
            message,
            account.settings.zone,
            datetime.now(UTC),
            is_private=account.settings.has_private_fields,
        )
        stored = await stored_in_inbox(self._gateway, account.name, MEGAPLAN_WEBHOOK, row)
        if stored.broken is not None:
            log.warning("webhook not understood", extra={"account": account.name, "reason": stored.broken})
            return json_response({"stored": True, "problem": f"Not understood: {stored.broken}."})
        return json_response({"stored": True})

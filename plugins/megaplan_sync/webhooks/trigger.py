"""Starts ``megaplan_deal_events`` when webhooks of Megaplan have come in."""

from __future__ import annotations

from typing import ClassVar

from megaplan_sync.inbox.trigger import InboxTrigger


class WebhookTrigger(InboxTrigger):
    """Fires when the inbox has new webhooks of Megaplan, as :class:`InboxTrigger` describes."""

    waiting_events: ClassVar[str] = "select_waiting_webhooks"

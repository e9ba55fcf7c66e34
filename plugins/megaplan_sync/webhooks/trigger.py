"""Rings when webhooks of Megaplan have come in: the doorbell of ``megaplan_deal_events``."""

from __future__ import annotations

from typing import ClassVar

from megaplan_sync.inbox.trigger import InboxTrigger


class WebhookTrigger(InboxTrigger):
    """Fires when the inbox has new webhooks of Megaplan; how it rings is told at :class:`InboxTrigger`."""

    waiting_events: ClassVar[str] = "select_waiting_webhooks"

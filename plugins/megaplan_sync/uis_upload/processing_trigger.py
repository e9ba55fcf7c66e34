"""Waits, without occupying a worker, until UIS has processed the uploads."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

from airflow.sdk import BaseHook
from airflow.triggers.base import BaseTrigger, TriggerEvent

from megaplan_vendor_kit.masked_logs import mask_logs
from uis_hook.client import UisClient
from uis_hook.exceptions import UisError, UisLimitExceededError
from uis_hook.reports import deals_in_processing
from uis_hook.settings import UisSettings

log = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 60.0


class DealsProcessedTrigger(BaseTrigger):
    """Fires when no cabinet has records in processing any more, or when the time is up.

    Each poll costs a point, so the pauses between polls grow up to a minute.

    :param uis_conn_ids: connections of the cabinets
    :param until: end of the wait, seconds since 1970
    :param poll_seconds: the first pause
    """

    def __init__(self, uis_conn_ids: list[str], until: float, poll_seconds: float = 5.0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.uis_conn_ids = uis_conn_ids
        self.until = until
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the path of this class, and its arguments."""
        return (
            "megaplan_sync.uis_upload.processing_trigger.DealsProcessedTrigger",
            {"uis_conn_ids": self.uis_conn_ids, "until": self.until, "poll_seconds": self.poll_seconds},
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the wait ends."""
        waiting = list(self.uis_conn_ids)
        pause = self.poll_seconds
        while waiting and (left := self.until - time.time()) > 0:
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
            for uis_conn_id in list(waiting):
                try:
                    if await self._in_processing(uis_conn_id) == 0:
                        waiting.remove(uis_conn_id)
                except UisLimitExceededError as error:
                    pause = max(pause, error.retry_after or LONGEST_PAUSE_SECONDS)
                except UisError as error:
                    log.warning("%s Asking again in %.0f s.", error, pause)
        yield TriggerEvent({"reason": "time" if waiting else "processed"})  # type: ignore[no-untyped-call]

    async def _in_processing(self, uis_conn_id: str) -> int:
        settings = UisSettings.from_connection(await BaseHook.aget_connection(uis_conn_id))
        return await asyncio.to_thread(_ask, settings)


def _ask(settings: UisSettings) -> int:
    """Ask one cabinet; without the hook, for a thread has no way to Airflow."""
    uis = UisClient(settings, on_session_key=lambda key: mask_logs())
    try:
        return uis.ask(deals_in_processing())
    finally:
        uis.close()

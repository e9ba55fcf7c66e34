"""Fires whenever somebody rings the channel ``floor_bells``; does nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from megaplan_sync.inbox.listening import open_session


class FloorTrigger(BaseEventTrigger):
    """Listens, and fires."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return where this class is, and its arguments."""
        return "benchmarks.call_latency_floor.trigger.FloorTrigger", {}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield an event for each ring."""
        async with await open_session("megaplan_postgres") as session:
            await session.execute("LISTEN floor_bells")
            async for _ in session.notifies():
                yield TriggerEvent({})  # type: ignore[no-untyped-call]

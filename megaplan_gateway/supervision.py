"""Keeps background tasks running: one that fails is restarted after a pause, and is not ready meanwhile."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from megaplan_gateway.metrics import Metrics

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
"""A task that has run for so long after its last failure counts as healthy again."""


class Supervisor:
    """Runs background tasks until the service ends.

    :param first_pause_seconds: pause before the first restart; it doubles with each further failure
    :param clock: monotonic time in seconds
    """

    def __init__(
        self,
        metrics: Metrics,
        *,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._metrics = metrics
        self._first_pause_seconds = first_pause_seconds
        self._clock = clock
        self._tasks: list[asyncio.Task[None]] = []
        self._failed_at: dict[str, float] = {}

    @property
    def failing(self) -> list[str]:
        """Names of the tasks that have failed recently."""
        now = self._clock()
        return [name for name, failed_at in self._failed_at.items() if now - failed_at < STEADY_SECONDS]

    def start(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run work that is not supposed to end.

        :param name: for logs, the metric and ``/ready``
        """
        self._metrics.background_failures.labels(name)  # 0 until it fails
        self._tasks.append(asyncio.create_task(self._keep_running(name, work)))

    async def stop(self) -> None:
        """Cancel all tasks and wait for them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep_running(self, name: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        pause = self._first_pause_seconds
        while True:
            started = self._clock()
            try:
                await work()
                log.error("background task ended", extra={"task": name})
            except Exception:
                log.exception("background task failed", extra={"task": name})
            if self._clock() - started >= STEADY_SECONDS:
                pause = self._first_pause_seconds
            self._failed_at[name] = self._clock()
            self._metrics.background_failures.labels(name).inc()
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

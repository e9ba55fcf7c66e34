"""Calls of one account waiting for a refresh: each queued once, the most recent first, several in parallel."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial

WORKERS = 48
"""Most of them wait for the request budget, where ends overtake cards. Few at a time use Postgres."""
MAX_WAITING = 2000

Refresh = Callable[[int, Callable[[], bool]], Awaitable[None]]
"""Refreshes a call; takes its number and a function that returns whether newer events have arrived meanwhile."""


class CallQueue:
    """A LIFO queue of calls: under overload the most recent go first, since a late pop-up is useless.

    Each account has its own queue, so that a slow Megaplan does not delay other accounts.

    :param refresh: must not raise
    :param on_drop: called with the oldest call, which is dropped when the queue is full
    """

    def __init__(self, refresh: Refresh, on_drop: Callable[[int], None]) -> None:
        self._refresh = refresh
        self._on_drop = on_drop
        self._waiting: OrderedDict[int, None] = OrderedDict()
        self._in_progress: dict[int, bool] = {}  # value: whether to refresh the call again
        self._wake = asyncio.Semaphore(0)

    @property
    def is_idle(self) -> bool:
        """Whether all queued calls have been refreshed."""
        return not self._waiting and not self._in_progress

    def has_room_for(self, call_session_id: int) -> bool:
        """Whether a call is not queued yet, and half of the workers would remain for newer ones."""
        is_known = call_session_id in self._waiting or call_session_id in self._in_progress
        return not is_known and len(self._waiting) + len(self._in_progress) < WORKERS // 2

    def clear(self) -> None:
        """Forget the calls whose refresh has not begun."""
        self._waiting.clear()

    def put(self, call_session_id: int, *, is_late: bool = False) -> None:
        """Queue a call, or move it to the front.

        :param is_late: move it to the end instead
        """
        if call_session_id in self._in_progress:
            self._in_progress[call_session_id] = True
            return
        is_new = call_session_id not in self._waiting
        self._waiting[call_session_id] = None
        self._waiting.move_to_end(call_session_id, last=not is_late)
        if is_new:
            self._wake.release()
            if len(self._waiting) > MAX_WAITING:
                self._on_drop(self._waiting.popitem(last=False)[0])

    async def run(self) -> None:
        """Refresh queued calls. Never returns."""
        await asyncio.gather(*(self._work() for _ in range(WORKERS)))

    async def _work(self) -> None:
        while True:
            await self._wake.acquire()
            if not self._waiting:  # the call was dropped or cleared
                continue
            call_session_id, _ = self._waiting.popitem(last=True)
            self._in_progress[call_session_id] = False
            try:
                await self._refresh(call_session_id, partial(self._is_outdated, call_session_id))
            finally:
                if self._in_progress.pop(call_session_id):
                    self.put(call_session_id)

    def _is_outdated(self, call_session_id: int) -> bool:
        return self._in_progress.get(call_session_id, False)

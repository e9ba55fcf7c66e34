"""Calls of one account that wait to be looked at: each once, the freshest first, some side by side."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial

WORKERS = 6
MOST_WAITING = 2000

Look = Callable[[int, Callable[[], bool]], Awaitable[None]]
"""Looks at a call; is given its number, and what says whether more was heard of it meanwhile."""


class CallQueue:
    """Under more load than can be handled the freshest calls go first: a pop-up that comes late is of no use.

    Each account has one of its own, so that a Megaplan that answers slowly holds up no other account.

    :param look: never raises
    :param dropped: told when a call is put aside because too many wait
    """

    def __init__(self, look: Look, dropped: Callable[[], None]) -> None:
        self._look = look
        self._dropped = dropped
        self._waiting: OrderedDict[int, None] = OrderedDict()
        self._busy: dict[int, bool] = {}  # true: something came while it was handled
        self._wake = asyncio.Semaphore(0)

    @property
    def is_idle(self) -> bool:
        """Whether every call that was put in has been looked at."""
        return not self._waiting and not self._busy

    def put(self, call_session_id: int) -> None:
        """Let a call be looked at soon."""
        if call_session_id in self._busy:
            self._busy[call_session_id] = True
            return
        is_new = call_session_id not in self._waiting
        self._waiting[call_session_id] = None
        self._waiting.move_to_end(call_session_id)
        if is_new:
            self._wake.release()
            if len(self._waiting) > MOST_WAITING:
                self._waiting.popitem(last=False)
                self._dropped()

    async def run(self) -> None:
        """Look at calls, for ever."""
        await asyncio.gather(*(self._work() for _ in range(WORKERS)))

    async def _work(self) -> None:
        while True:
            await self._wake.acquire()
            if not self._waiting:  # it was dropped
                continue
            call_session_id, _ = self._waiting.popitem(last=True)
            self._busy[call_session_id] = False
            try:
                await self._look(call_session_id, partial(self._has_news, call_session_id))
            finally:
                if self._busy.pop(call_session_id):
                    self.put(call_session_id)

    def _has_news(self, call_session_id: int) -> bool:
        return self._busy.get(call_session_id, False)

"""Which requests to Megaplan go first, and what each kind of request does after a 429."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import IntEnum


class Urgency(IntEnum):
    """What a person sees first: lower goes first."""

    END = 0
    """The end of a card, or its change to the one who talks; and whom to ring, which a caller waits for."""
    CARD = 1
    """The first card of a call."""
    OTHER = 2
    """Further cards, the widget, signatures."""


FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = {Urgency.END: 5.0, Urgency.CARD: 60.0, Urgency.OTHER: 60.0}


class TurnTimeoutError(Exception):
    """The turn did not come in time."""


class Turns:
    """Lets one request at a time pass, the most urgent of those that wait.

    Of first cards the newest goes first: if there are too many, most still come in time, instead of all too late.
    """

    def __init__(self) -> None:
        self._is_taken = False
        self._waiting: list[tuple[Urgency, int, asyncio.Future[None]]] = []
        self._arrivals = 0

    @asynccontextmanager
    async def turn(self, urgency: Urgency, timeout: float) -> AsyncIterator[None]:
        """Wait for the turn, which lasts as long as the block.

        :param timeout: seconds
        :raises TurnTimeoutError: it did not come in time
        """
        if self._is_taken:
            await self._wait(urgency, timeout)
        self._is_taken = True
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, urgency: Urgency, timeout: float) -> None:
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._arrivals += 1
        order = -self._arrivals if urgency is Urgency.CARD else self._arrivals
        heapq.heappush(self._waiting, (urgency, order, granted))
        try:
            async with asyncio.timeout(timeout):
                await asyncio.shield(granted)
        except (TimeoutError, asyncio.CancelledError) as error:
            if granted.done() and not granted.cancelled():
                self._pass_on()  # it came in the same moment
            granted.cancel()
            if isinstance(error, TimeoutError):
                raise TurnTimeoutError from None
            raise

    def _pass_on(self) -> None:
        while self._waiting:
            _, _, granted = heapq.heappop(self._waiting)
            if not granted.done():
                granted.set_result(None)
                return
        self._is_taken = False


class Pauses:
    """How long requests of each urgency pause after Megaplan answered 429.

    Without ``Retry-After`` the pause is short at first and doubles. Ends are always tried again within seconds.

    :param clock: monotonic time in seconds
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = dict.fromkeys(Urgency, 0.0)
        self._in_a_row = dict.fromkeys(Urgency, 0)

    def left(self, urgency: Urgency) -> float:
        """Return the seconds left."""
        return max(0.0, self._until[urgency] - self._clock())

    def refused(self, urgency: Urgency, retry_after: float | None) -> None:
        """Begin the next pause."""
        pause = (
            FIRST_PAUSE_SECONDS * 2 ** min(self._in_a_row[urgency], 10)
            if retry_after is None
            else retry_after
        )
        self._in_a_row[urgency] += 1
        longest = LONGEST_PAUSE_SECONDS[urgency] if retry_after is None or urgency is Urgency.END else pause
        self._until[urgency] = self._clock() + min(pause, longest)

    def accepted(self, urgency: Urgency) -> None:
        """Begin with the shortest pause again."""
        self._in_a_row[urgency] = 0

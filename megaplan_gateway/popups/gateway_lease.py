"""Says in Postgres that this gateway is alive, so that several can share the calls of an account."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from uuid import uuid4

from psycopg import Error
from psycopg_pool import PoolTimeout

from megaplan_gateway.database import Pool, in_time
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

ALIVE_SECONDS = 3.5
"""After this without a renewal others take over."""
RENEW_SECONDS = 0.8


class GatewayLease:
    """The lease of this process, in ``telephony.gateways``. ``run`` must be running.

    A process that was paused or cut off from Postgres for longer than its lease must not send what it had prepared:
    others have its calls by now. So it notes when it last asked for a renewal, by its own clock.

    :param clock: monotonic time in seconds
    """

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self.gateway = uuid4().hex
        self._pool = pool
        self._clock = clock
        self._until = float("-inf")
        self._times_taken = 0

    @property
    def is_held(self) -> bool:
        """Whether other gateways certainly leave this one's calls alone."""
        return self._clock() < self._until

    def fence(self) -> Callable[[], bool]:
        """Return a function that returns whether the lease has lapsed since now, even if it is held again."""
        times_taken = self._times_taken
        return lambda: not self.is_held or self._times_taken != times_taken

    async def run(self) -> None:
        """Renew the lease. Never returns."""
        await self._execute("delete_old_gateways")
        while True:
            await self.renew()
            await asyncio.sleep(RENEW_SECONDS)

    async def renew(self) -> None:
        """Renew the lease, unless Postgres does not answer."""
        asked_at = self._clock()
        if not await self._execute("renew_gateway"):
            return
        if asked_at >= self._until:
            self._times_taken += 1
        self._until = asked_at + ALIVE_SECONDS

    async def give_up(self) -> None:
        """Let others take over at once."""
        self._until = float("-inf")
        await self._execute("delete_gateway")

    async def _execute(self, statement: str) -> bool:
        parameters = {"gateway": self.gateway, "host": socket.gethostname(), "seconds": ALIVE_SECONDS}
        try:
            await in_time(ALIVE_SECONDS, self._send(statement, parameters))
        except (Error, PoolTimeout, OSError) as error:
            reason = type(error).__name__
            log.warning("the gateway's lease was not written", extra={"what": statement, "reason": reason})
            return False
        return True

    async def _send(self, statement: str, parameters: dict[str, object]) -> None:
        async with self._pool.connection(timeout=ALIVE_SECONDS) as connection:
            await connection.execute(read_sql(statement), parameters)

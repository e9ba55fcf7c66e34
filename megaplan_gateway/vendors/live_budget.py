"""The account's request budget as the live lane spends it, including the share the batch lane reserves for it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any

from psycopg import Error
from psycopg_pool import PoolTimeout

from megaplan_gateway.database import Pool, in_time
from megaplan_gateway.vendors.urgency import Pauses, Turns, TurnTimeoutError, Urgency
from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

ENDS_SHARE = 0.05
"""Share of the hourly limit that only ends may use."""
REQUESTS_AHEAD = 2
"""How many requests that somebody waits for may be sent at once, before the rate holds again."""
POSTGRES_SECONDS = 0.3
"""Timeout of the shared budget; after it the rate is limited locally."""


class BudgetSpentError(Exception):
    """The budget allows no request to Megaplan before the timeout."""


IsObsolete = Callable[[], Coroutine[Any, Any, bool]]
"""Returns whether a request has become obsolete while it waited."""


async def never() -> bool:
    """Say that a request is not obsolete."""
    return False


class ObsoleteError(Exception):
    """A request became obsolete while it waited; nothing was sent."""


class LiveBudget:
    """Spends ``megaplan_sync.request_budgets``; limits the rate locally while Postgres is down.

    The most urgent request goes first, and a share of the hour is kept for ends: a card that cannot be ended stays on
    a screen. After a 429 batch work stops at once, whereas the live lane pauses for each urgency on its own.
    """

    def __init__(self, pool: Pool, settings: AccountSettings) -> None:
        self._pool = pool
        per_hour = settings.requests_per_hour
        self._per_hour = dict.fromkeys(Urgency, max(1, int(per_hour * (1 - ENDS_SHARE)))) | {
            Urgency.END: per_hour
        }
        self._limits = {
            "account": settings.account,
            "requests_per_second": settings.requests_per_second,
            "ignores_block": True,
        }
        self._fallback_seconds = settings.vendor_quirks.retry_after_fallback_seconds
        self._spacing_seconds = 1.0 / settings.requests_per_second
        ahead = REQUESTS_AHEAD * self._spacing_seconds
        self._ahead_seconds = {Urgency.END: ahead, Urgency.CARD: ahead, Urgency.OTHER: 0.0}
        self._turns = Turns()
        self._pauses = Pauses(time.monotonic)
        self._next_local = 0.0
        self._row_exists = False

    async def acquire(
        self,
        timeout: float,
        urgency: Urgency = Urgency.OTHER,
        is_obsolete: IsObsolete = never,
    ) -> None:
        """Wait until one request may be sent.

        A caller that would have to wait longer than its timeout spends nothing, so it does not delay the others.

        :param is_obsolete: returns whether the request became obsolete before its turn; then nothing is spent
        :raises ObsoleteError: it did
        :raises BudgetSpentError: if no request may be sent within ``timeout`` seconds
        """
        deadline = time.monotonic() + timeout
        pause = self._pauses.left(urgency)
        if pause > timeout:
            raise BudgetSpentError
        if pause > 0:
            await asyncio.sleep(pause)
        try:
            async with self._turns.turn(urgency, max(0.0, deadline - time.monotonic())):
                if await self._says(is_obsolete):
                    raise ObsoleteError
                await self._acquire(deadline, urgency)
        except TurnTimeoutError:
            raise BudgetSpentError from None

    async def _says(self, is_obsolete: IsObsolete) -> bool:
        """Return whether a request is obsolete; if that cannot be found out quickly, it is not."""
        try:
            return await in_time(POSTGRES_SECONDS, is_obsolete())
        except (Error, PoolTimeout, OSError):
            return False

    async def back_off(self, retry_after: float | None, urgency: Urgency) -> None:
        """Pause after Megaplan answered 429, and stop the batch work of this account.

        :param retry_after: seconds; None if Megaplan names no time
        """
        self._pauses.refused(urgency, retry_after)
        seconds = self._fallback_seconds if retry_after is None else retry_after
        parameters = {"account": self._limits["account"], "seconds": seconds}
        try:
            async with self._pool.connection(timeout=1) as connection:
                await connection.execute(read_sql("block_request_budget"), parameters)
        except (Error, OSError) as error:
            log.warning("budget not blocked", extra={"reason": type(error).__name__})

    def accepted(self, urgency: Urgency) -> None:
        """Note that Megaplan accepts requests of this urgency."""
        self._pauses.accepted(urgency)

    async def _acquire(self, deadline: float, urgency: Urgency) -> None:
        while True:
            left = max(0.0, deadline - time.monotonic())
            try:
                wait, is_taken = await in_time(POSTGRES_SECONDS, self._take(left, urgency))
            except (Error, PoolTimeout, OSError, TimeoutError):
                wait, is_taken = self._take_locally(left, urgency)
            if time.monotonic() + wait > deadline:
                raise BudgetSpentError
            if wait > 0:
                await asyncio.sleep(wait)
            if is_taken:
                return

    async def _take(self, timeout: float, urgency: Urgency) -> tuple[float, bool]:
        """Return the seconds to wait and whether a request was spent; if not, retry after the wait."""
        parameters = {
            **self._limits,
            "requests_per_hour": self._per_hour[urgency],
            "longest_wait_seconds": timeout,
            "ahead_seconds": self._ahead_seconds[urgency],
        }
        async with self._pool.connection() as connection:
            if not self._row_exists:
                await connection.execute(read_sql("create_request_budget"), parameters)
                self._row_exists = True
            (spent,) = await connection.execute_at_once(parameters, read_sql("spend_request"))
            if spent:
                return max(0.0, float(spent[0][0])), True
            state = await (await connection.execute(read_sql("select_request_budget"), parameters)).fetchone()
        if state is None:
            return 0.05, False
        _, wait, queue = (float(value) for value in state)
        return max(0.05, wait, queue if queue > timeout else 0.0), False

    def _take_locally(self, timeout: float, urgency: Urgency) -> tuple[float, bool]:
        now = time.monotonic()
        at = max(now, self._next_local)
        wait = max(0.0, at - now - self._ahead_seconds[urgency])
        is_taken = wait <= timeout
        if is_taken:
            self._next_local = at + self._spacing_seconds
        return wait, is_taken

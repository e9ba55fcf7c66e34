"""The account's request budget as the live lane spends it, including the share the batch lane reserves for it."""

from __future__ import annotations

import asyncio
import logging
import time

from psycopg import Error
from psycopg_pool import PoolTimeout

from megaplan_gateway.database import Pool, in_time
from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

POSTGRES_SECONDS = 0.3
"""Timeout of the shared budget; after it the rate is limited locally."""


class BudgetSpentError(Exception):
    """The budget allows no request to Megaplan before the timeout."""


class LiveBudget:
    """Spends ``megaplan_sync.request_budgets``; limits the rate locally while Postgres is down."""

    def __init__(self, pool: Pool, settings: AccountSettings) -> None:
        self._pool = pool
        self._limits = {
            "account": settings.account,
            "requests_per_second": settings.requests_per_second,
            "requests_per_hour": settings.requests_per_hour,
        }
        self._spacing_seconds = 1.0 / settings.requests_per_second
        self._next_local = 0.0
        self._row_exists = False

    async def acquire(self, timeout: float) -> None:
        """Wait until one request may be sent.

        A caller that would have to wait longer than its timeout spends nothing, so it does not delay the others.

        :raises BudgetSpentError: if no request may be sent within ``timeout`` seconds
        """
        deadline = time.monotonic() + timeout
        while True:
            left = max(0.0, deadline - time.monotonic())
            try:
                wait, is_taken = await in_time(POSTGRES_SECONDS, self._take(left))
            except (Error, PoolTimeout, OSError, TimeoutError):
                wait, is_taken = self._take_locally(left)
            if time.monotonic() + wait > deadline:
                raise BudgetSpentError
            if wait > 0:
                await asyncio.sleep(wait)
            if is_taken:
                return

    async def back_off(self, seconds: float) -> None:
        """Block the budget for all processes of this account after Megaplan answered 429."""
        self._next_local = max(self._next_local, time.monotonic() + seconds)
        parameters = {"account": self._limits["account"], "seconds": seconds}
        try:
            async with self._pool.connection(timeout=1) as connection:
                await connection.execute(read_sql("block_request_budget"), parameters)
        except (Error, OSError) as error:
            log.warning("budget not blocked", extra={"reason": type(error).__name__})

    async def _take(self, timeout: float) -> tuple[float, bool]:
        """Return the seconds to wait and whether a request was spent; if not, retry after the wait."""
        parameters = {**self._limits, "longest_wait_seconds": timeout}
        async with self._pool.connection() as connection:
            if not self._row_exists:
                await connection.execute(read_sql("create_request_budget"), self._limits)
                self._row_exists = True
            cursor = await connection.execute(read_sql("spend_request"), parameters)
            row = await cursor.fetchone()
            if row is not None:
                return max(0.0, float(row[0])), True
            state = await (await connection.execute(read_sql("select_request_budget"), parameters)).fetchone()
        if state is None:
            return 0.05, False
        _, wait, queue = (float(value) for value in state)
        return max(0.05, wait, queue if queue > timeout else 0.0), False

    def _take_locally(self, timeout: float) -> tuple[float, bool]:
        now = time.monotonic()
        at = max(now, self._next_local)
        is_taken = at - now <= timeout
        if is_taken:
            self._next_local = at + self._spacing_seconds
        return at - now, is_taken

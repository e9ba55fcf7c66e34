"""The account's request budget, for the live lane: the whole hour, of which the batch lane leaves a share."""

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
"""How long the shared budget is waited for, before the pace is kept without it."""


class BudgetSpentError(Exception):
    """No request may be sent to Megaplan in time."""


class LiveBudget:
    """Takes requests from ``megaplan_sync.request_budgets``; while Postgres is away, keeps the pace by itself."""

    def __init__(self, pool: Pool, settings: AccountSettings) -> None:
        self._pool = pool
        self._limits = {
            "account": settings.account,
            "requests_per_second": settings.requests_per_second,
            "requests_per_hour": settings.requests_per_hour,
        }
        self._spacing_seconds = 1.0 / settings.requests_per_second
        self._own_next = 0.0
        self._is_there = False

    async def acquire(self, patience_seconds: float) -> None:
        """Wait until one request may be sent.

        Whose turn would come too late takes none: many who ask in vain hold up nobody else.

        :raises BudgetSpentError: that would take longer than ``patience_seconds``
        """
        until = time.monotonic() + patience_seconds
        while True:
            left = max(0.0, until - time.monotonic())
            try:
                wait, is_taken = await in_time(POSTGRES_SECONDS, self._take(left))
            except (Error, PoolTimeout, OSError, TimeoutError):
                wait, is_taken = self._take_own(left)
            if time.monotonic() + wait > until:
                raise BudgetSpentError
            if wait > 0:
                await asyncio.sleep(wait)
            if is_taken:
                return

    async def back_off(self, seconds: float) -> None:
        """Let every process of this account wait: Megaplan answered 429."""
        self._own_next = max(self._own_next, time.monotonic() + seconds)
        asked = {"account": self._limits["account"], "seconds": seconds}
        try:
            async with self._pool.connection(timeout=1) as connection:
                await connection.execute(read_sql("block_request_budget"), asked)
        except (Error, OSError) as error:
            log.warning("budget not blocked", extra={"reason": type(error).__name__})

    async def _take(self, patience_seconds: float) -> tuple[float, bool]:
        """Take a request and return how long to wait before sending it, or only how long until the next try."""
        asked = {**self._limits, "patience_seconds": patience_seconds}
        async with self._pool.connection() as connection:
            if not self._is_there:
                await connection.execute(read_sql("create_request_budget"), self._limits)
                self._is_there = True
            cursor = await connection.execute(read_sql("spend_request"), asked)
            row = await cursor.fetchone()
            if row is not None:
                return max(0.0, float(row[0])), True
            state = await (await connection.execute(read_sql("select_request_budget"), asked)).fetchone()
        if state is None:
            return 0.05, False
        _, wait, queue = (float(value) for value in state)
        return max(0.05, wait, queue if queue > patience_seconds else 0.0), False

    def _take_own(self, patience_seconds: float) -> tuple[float, bool]:
        now = time.monotonic()
        at = max(now, self._own_next)
        is_taken = at - now <= patience_seconds
        if is_taken:
            self._own_next = at + self._spacing_seconds
        return at - now, is_taken

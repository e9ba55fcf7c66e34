"""The gateway as a whole: its parts, and what runs in the background while it serves."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from psycopg import Error

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.accounts.airflow_connections import AccountSource, Reading
from megaplan_gateway.accounts.registry import Accounts
from megaplan_gateway.database import database_pool, in_time
from megaplan_gateway.http.rate_limits import RateLimit
from megaplan_gateway.inbox.inbox_writer import InboxWriter
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.options import Options
from megaplan_gateway.popups.card_table import CardTable
from megaplan_gateway.popups.card_updater import CallCards
from megaplan_gateway.popups.popup_scheduler import Popups
from megaplan_gateway.routing import Routing
from megaplan_gateway.vendors.live_budget import LiveBudget
from megaplan_gateway.vendors.megaplan_client import LiveMegaplan
from megaplan_gateway.vendors.uis_client import LiveUis

log = logging.getLogger(__name__)


class Gateway:
    """What routes and background work share. Nothing of it is global, so a test may make several.

    :param conninfo: libpq address of the raw tables' database
    :param read_accounts: reads all connections; blocks
    """

    def __init__(
        self, conninfo: str, read_accounts: Callable[[], Reading], options: Options | None = None
    ) -> None:
        self.options = options or Options()
        self.metrics = Metrics()
        self.pool = database_pool(conninfo, self.options.pool_size)
        self.accounts = Accounts(read_accounts, self._account, self.metrics)
        self.inbox = InboxWriter(self.pool, self.options, self.metrics)
        table = CardTable(self.pool)
        cards = CallCards(table, self.options, self.metrics)
        self.popups = Popups(self.accounts, table, cards, self.metrics)
        self.routing = Routing(self.pool, self.options, self.metrics)
        self.rate_limit = RateLimit(self.options.requests_per_second)
        self._background: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve inside of the block. Postgres need not be there yet."""
        await self.pool.open(wait=False)
        await self.accounts.reload()
        self.start(self.inbox.run())
        self.start(self.popups.run())
        self.start(self.routing.keep_telephones())
        self.start(self.accounts.keep_up(self.options.reload_seconds))
        try:
            yield
        finally:
            for task in self._background:
                task.cancel()
            await asyncio.gather(*self._background, return_exceptions=True)
            await self.accounts.close()
            await self.pool.close(timeout=5)

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something in the background until it or the service ends; what it raises is logged."""
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._ended)

    async def is_ready(self) -> list[str]:
        """Return what is missing, as sentences for people; empty: everything is there."""
        missing = []
        try:
            await in_time(2, self._ask_postgres())
        except (Error, TimeoutError, OSError):
            missing.append("Postgres does not answer.")
        if not len(self.accounts):
            missing.append("No account could be read; see the log.")
        return missing

    async def _ask_postgres(self) -> None:
        async with self.pool.connection(timeout=2) as connection:
            await connection.execute("SELECT 1")

    def _account(self, source: AccountSource) -> Account:
        settings = source.settings
        budget = LiveBudget(self.pool, settings)
        megaplan = LiveMegaplan(settings, source.login, source.password, budget, self.metrics)
        uis = LiveUis(source.uis, self.metrics) if source.uis is not None else None
        return Account(source, megaplan, uis)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background work failed", exc_info=error)

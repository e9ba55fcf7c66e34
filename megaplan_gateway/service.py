"""The gateway service: its components and background tasks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from psycopg import Error

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.accounts.airflow_connections import AccountSource, ConnectionSnapshot
from megaplan_gateway.accounts.registry import AccountRegistry
from megaplan_gateway.database import FewSessions, database_pool, in_time
from megaplan_gateway.http.rate_limits import TokenBucket
from megaplan_gateway.inbox.inbox_writer import InboxWriter
from megaplan_gateway.lane_metrics import LaneMetrics
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.notices import Notices
from megaplan_gateway.options import Options
from megaplan_gateway.popups.card_table import CardTable
from megaplan_gateway.popups.card_updater import CardUpdater
from megaplan_gateway.popups.gateway_lease import GatewayLease
from megaplan_gateway.popups.live_queue import LiveQueue
from megaplan_gateway.popups.popup_scheduler import PopupScheduler
from megaplan_gateway.popups.uis_clocks import UisClocks
from megaplan_gateway.routing import Routing
from megaplan_gateway.supervision import Supervisor
from megaplan_gateway.vendors.live_budget import LiveBudget
from megaplan_gateway.vendors.megaplan_client import AsyncMegaplanClient
from megaplan_gateway.vendors.uis_client import AsyncUisClient


class Gateway:
    """The state shared by routes and background tasks. Nothing is global, so a test may create several gateways.

    :param conninfo: libpq connection string of the raw tables' database
    :param read_accounts: reads all connections; blocks
    :param read_notice_setting: reads the connection with the recipients of notices, None if there is none; blocks
    """

    def __init__(
        self,
        conninfo: str,
        read_accounts: Callable[[], ConnectionSnapshot],
        options: Options | None = None,
        read_notice_setting: Callable[[], Any | None] = lambda: None,
    ) -> None:
        self.options = options or Options()
        self.metrics = Metrics()
        self.pool = database_pool(conninfo, self.options.pool_size)
        self.lane_metrics = LaneMetrics(self.pool)
        self.accounts = AccountRegistry(read_accounts, self._account, self.metrics)
        self.lease = GatewayLease(self.pool)
        sessions = FewSessions(self.pool, self.options.popup_sessions)
        table = CardTable(sessions, self.lease.gateway)
        queue = LiveQueue(sessions, self.lease.gateway)
        self.uis_clocks = UisClocks(self.metrics)
        cards = CardUpdater(table, self.uis_clocks, self.options, self.metrics)
        self.popups = PopupScheduler(self.accounts, queue, self.lease, table, cards, self.metrics)
        self.inbox = InboxWriter(self.pool, self.options, self.metrics, self.popups)
        self.routing = Routing(self.pool, self.options, self.metrics)
        self.rate_limit = TokenBucket(self.options.requests_per_second)
        self.notices = Notices(conninfo, read_notice_setting, self.options.notice_interval_seconds)
        self.background = Supervisor(self.metrics)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the background tasks inside the block. Postgres need not be available yet."""
        await self.pool.open(wait=False)
        await self.accounts.reload()
        self.background.start("lease", self.lease.run)
        self.background.start("inbox", self.inbox.run)
        self.background.start("popups", self.popups.run)
        self.background.start("telephones", self.routing.keep_telephones_current)
        self.background.start("accounts", self._reload_accounts)
        self.background.start("notices", self.notices.run)
        try:
            yield
        finally:
            await self.popups.drain()
            await self.background.stop()
            await self.lease.give_up()
            await self.accounts.close()
            await self.pool.close(timeout=5)

    async def missing_dependencies(self) -> list[str]:
        """Return what is missing, one sentence each; empty if the gateway is ready."""
        missing = []
        try:
            await in_time(2, self._ping_postgres())
        except (Error, TimeoutError, OSError):
            missing.append("Postgres does not answer.")
        else:
            if not self.lease.is_held:
                missing.append("This gateway could not say in Postgres that it is alive; see the log.")
        if not len(self.accounts):
            missing.append("No account could be read; see the log.")
        missing += [f"Background task {name} keeps failing; see the log." for name in self.background.failing]
        return missing

    async def _reload_accounts(self) -> None:
        await self.accounts.reload_periodically(self.options.reload_seconds)

    async def _ping_postgres(self) -> None:
        async with self.pool.connection(timeout=2) as connection:
            await connection.execute("SELECT 1")

    def _account(self, source: AccountSource) -> Account:
        settings = source.settings
        budget = LiveBudget(self.pool, settings)
        megaplan = AsyncMegaplanClient(settings, source.login, source.password, budget, self.metrics)
        uis = AsyncUisClient(source.uis, self.metrics) if source.uis is not None else None
        return Account(source, megaplan, uis)

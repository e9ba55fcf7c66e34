"""Do-not-disturb from UIS to Megaplan: polls statuses, since UIS sends no notification of their changes.

The interval adapts to UIS's remaining points, and only accounts with an open widget are polled.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from psycopg import Error

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.service import Gateway
from megaplan_gateway.vendors.uis_client import AsyncUisClient
from megaplan_gateway.widget.command import CommandTable
from megaplan_gateway.widget.statuses import Statuses
from megaplan_gateway.widget.uis_lists import read_all
from megaplan_gateway.widget.users import UserTable
from megaplan_sync.kernel.values import identifier
from uis_hook.exceptions import UisError
from uis_hook.limits import PERIODS, Limits
from uis_hook.staff import employees

log = logging.getLogger(__name__)

WATCHED_SECONDS = 120.0
"""A widget without a request for so long is considered closed."""
RESERVED_SHARE = 0.2
"""The share of each period's points reserved for reports, calls and the hourly sync."""
_PERIOD_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0}
_CHECK_SECONDS = 0.5
_TIMEOUT = 10.0
_CLEANUP_SECONDS = 6 * 3600.0


class StatusPoll:
    """Keeps the statuses in ``telephony.users`` up to date.

    :param clock: monotonic time in seconds
    """

    def __init__(
        self,
        gateway: Gateway,
        users: UserTable,
        commands: CommandTable,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._users = users
        self._commands = commands
        self._poll_seconds = gateway.options.status_poll_seconds
        self._clock = clock
        self._watched: dict[str, float] = {}
        self._next: dict[str, float] = {}
        self._cleanup_at: dict[str, float] = {}
        self._statuses: dict[str, tuple[AsyncUisClient, Statuses]] = {}

    def watch(self, account: str) -> None:
        """Record that a widget of this account is open."""
        self._watched[account] = self._clock()

    def statuses(self, account: str, uis: AsyncUisClient) -> Statuses:
        """Return the statuses of an account; cached until its UIS connection changes."""
        known = self._statuses.get(account)
        if known is None or known[0] is not uis:
            known = self._statuses[account] = (uis, Statuses(uis))
        return known[1]

    async def run(self) -> None:
        """Poll all due accounts, each in a task of its own. Never returns."""
        tasks: dict[str, asyncio.Task[None]] = {}
        while True:
            for account in self._gateway.accounts:
                task = tasks.get(account.name)
                if self._is_due(account.name) and (task is None or task.done()):
                    tasks[account.name] = asyncio.create_task(self._poll(account))
            await asyncio.sleep(_CHECK_SECONDS)

    def _is_due(self, account: str) -> bool:
        now = self._clock()
        watched_at = self._watched.get(account, float("-inf"))
        return now - watched_at < WATCHED_SECONDS and now >= self._next.get(account, 0.0)

    async def _poll(self, account: Account) -> None:
        uis, name = account.uis, account.name
        self._next[name] = self._clock() + self._poll_seconds
        if uis is None:
            return
        try:
            changed = await self._read_statuses(name, uis)
            await self._delete_old_commands(name)
        except (UisError, Error, OSError) as error:
            log.warning("statuses not read", extra={"account": name, "reason": type(error).__name__})
        except Exception:
            # nobody waits for this task, so an unexpected error would be lost
            log.exception("statuses not read", extra={"account": name})
        else:
            if changed:
                log.info("statuses changed", extra={"account": name, "employees": changed})
        self._next[name] = self._clock() + poll_interval(uis.limits.get("data"), self._poll_seconds)

    async def _read_statuses(self, account: str, uis: AsyncUisClient) -> int:
        asked_at = await self._users.now()
        rows = await read_all(uis, employees(uis.settings, ("id", "status_id")), _TIMEOUT)
        ids = [(identifier(row.get("id")), identifier(row.get("status_id"))) for row in rows]
        pairs = [
            (employee, status) for employee, status in ids if employee is not None and status is not None
        ]
        known = await self.statuses(account, uis).by_id(*{status for _, status in pairs})
        read = [(employee, known[status]) for employee, status in pairs if status in known]
        return await self._users.save_statuses(account, asked_at, read)

    async def _delete_old_commands(self, account: str) -> None:
        if self._clock() >= self._cleanup_at.get(account, 0.0):
            await self._commands.delete_old(account)
            self._cleanup_at[account] = self._clock() + _CLEANUP_SECONDS


def poll_interval(limits: Limits | None, min_seconds: float) -> float:
    """Return the interval between polls that makes each period's points last without touching the reserve.

    If only the reserve is left, the interval extends to the end of the period.
    """
    interval = min_seconds
    for period in PERIODS:
        window = None if limits is None else limits.window(period)
        if window is None or window.remaining is None:
            continue
        reset = _PERIOD_SECONDS[period] if window.reset_seconds is None else window.reset_seconds
        spendable = window.remaining - RESERVED_SHARE * (window.limit or window.remaining)
        interval = max(interval, reset if spendable < 1 else reset / spendable)
    return interval

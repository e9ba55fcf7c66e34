"""Do-not-disturb from UIS to Megaplan: UIS announces no change of a status, so it is asked again and again.

As often as the day's points allow, and only while somebody looks at a widget.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from psycopg import Error

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.service import Gateway
from megaplan_gateway.vendors.uis_client import LiveUis
from megaplan_gateway.widget.command import CommandTable
from megaplan_gateway.widget.statuses import Statuses
from megaplan_gateway.widget.uis_lists import read_all
from megaplan_gateway.widget.users import Status, UserTable
from megaplan_sync.kernel.values import identifier
from uis_hook.exceptions import UisError
from uis_hook.limits import PERIODS, Limits
from uis_hook.staff import employees

log = logging.getLogger(__name__)

WATCHED_SECONDS = 120.0
"""A widget that has not asked for so long is closed."""
RESERVED_SHARE = 0.2
"""Of each period's points, left to reports, calls and the hourly sync."""
_PERIOD_SECONDS = {"minute": 60.0, "hour": 3600.0, "day": 86400.0}
_LOOK_SECONDS = 0.5
_PATIENCE = 10.0
_FORGET_EVERY_SECONDS = 6 * 3600.0


class StatusPoll:
    """Keeps the statuses in ``telephony.users`` as new as polling can.

    :param clock: seconds that only grow
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
        self._forget_at: dict[str, float] = {}
        self._statuses: dict[str, tuple[LiveUis, Statuses]] = {}

    def watch(self, account: str) -> None:
        """Note that somebody looks at a widget of this account now."""
        self._watched[account] = self._clock()

    def statuses(self, account: str, uis: LiveUis) -> Statuses:
        """Return the statuses of an account's cabinet, those of the present connection."""
        known = self._statuses.get(account)
        if known is None or known[0] is not uis:
            known = self._statuses[account] = (uis, Statuses(uis))
        return known[1]

    async def run(self) -> None:
        """Poll all accounts whose turn it is, for ever; a slow one does not hold up the others."""
        polling: dict[str, asyncio.Task[None]] = {}
        while True:
            for account in self._gateway.accounts:
                busy = polling.get(account.name)
                if self._is_due(account.name) and (busy is None or busy.done()):
                    polling[account.name] = asyncio.create_task(self._poll(account))
            await asyncio.sleep(_LOOK_SECONDS)

    def _is_due(self, account: str) -> bool:
        now = self._clock()
        seen = self._watched.get(account)
        return seen is not None and now - seen < WATCHED_SECONDS and now >= self._next.get(account, 0.0)

    async def _poll(self, account: Account) -> None:
        uis, name = account.uis, account.name
        self._next[name] = self._clock() + self._poll_seconds
        if uis is None:
            return
        try:
            changed = await self._read_statuses(name, uis)
            await self._forget_old(name)
        except (UisError, Error, OSError) as error:
            log.warning("statuses not read", extra={"account": name, "reason": type(error).__name__})
        else:
            if changed:
                log.info("statuses changed", extra={"account": name, "employees": changed})
        self._next[name] = self._clock() + poll_pause(uis.limits.get("data"), self._poll_seconds)

    async def _read_statuses(self, account: str, uis: LiveUis) -> int:
        asked_at = await self._users.now()
        sort_field = uis.settings.vendor_quirks.directories_sort_field
        rows = await read_all(uis, employees(("id", "status_id"), None, sort_field), _PATIENCE)
        told = [(identifier(row.get("id")), identifier(row.get("status_id"))) for row in rows]
        pairs = [
            (employee, status) for employee, status in told if employee is not None and status is not None
        ]
        known = await self.statuses(account, uis).by_id(*{status for _, status in pairs})
        unknown = Status(0, None, None, None)
        seen = [(employee, known.get(status, unknown)) for employee, status in pairs]
        return await self._users.saw_statuses(
            account, asked_at, [one for one in seen if one[1] is not unknown]
        )

    async def _forget_old(self, account: str) -> None:
        if self._clock() >= self._forget_at.get(account, 0.0):
            await self._commands.forget_old(account)
            self._forget_at[account] = self._clock() + _FORGET_EVERY_SECONDS


def poll_pause(limits: Limits | None, wished_seconds: float) -> float:
    """Return how long to wait between two polls so that each period's points last, the reserve left alone.

    Without points to spend, until the period begins anew.
    """
    pause = wished_seconds
    for period in PERIODS:
        window = None if limits is None else limits.window(period)
        if window is None or window.remaining is None:
            continue
        reset = _PERIOD_SECONDS[period] if window.reset_seconds is None else window.reset_seconds
        spendable = window.remaining - RESERVED_SHARE * (window.limit or window.remaining)
        pause = max(pause, reset if spendable < 1 else reset / spendable)
    return pause

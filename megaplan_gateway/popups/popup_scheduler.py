"""Decides which calls need a refresh of their pop-ups, and when."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from psycopg import AsyncConnection, Error
from psycopg_pool import PoolTimeout

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.accounts.registry import AccountRegistry
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.popups.call_queue import CallQueue
from megaplan_gateway.popups.card_table import CardTable
from megaplan_gateway.popups.card_updater import RECHECK_SECONDS, CardUpdater
from megaplan_gateway.popups.gateway_lease import GatewayLease
from megaplan_gateway.popups.live_queue import LiveQueue
from megaplan_gateway.popups.lost_hang_ups import BEFORE_LISTED
from megaplan_sync.inbox.event_store import StoredEvent
from megaplan_sync.telephony.live.cards import STALE_AFTER

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
RETRY_SECONDS = 1.0
"""Delay before a call is refreshed again after Postgres failed."""
DRAIN_SECONDS = 5.0
"""How long a gateway that is stopped completes what it has begun; the rest is left to the others."""
_MOST_TAKEN = 500
_FAILURES = (Error, PoolTimeout, OSError)


class LeaseLapsedError(OSError):
    """The gateway was paused, or cut off from Postgres, for longer than its lease lasts."""


class PopupScheduler:
    """Refreshes the calls that this gateway has in ``telephony.live_queue``. ``run`` must be running."""

    def __init__(
        self,
        accounts: AccountRegistry,
        queue: LiveQueue,
        lease: GatewayLease,
        table: CardTable,
        cards: CardUpdater,
        metrics: Metrics,
    ) -> None:
        self._accounts = accounts
        self._queue = queue
        self._lease = lease
        self._table = table
        self._cards = cards
        self._metrics = metrics
        self._local: dict[str, CallQueue] = {}
        # what Postgres has said of calls that wait here: how often each was requested, and the fence of that moment
        self._requested: dict[tuple[str, int], tuple[int, Callable[[], bool]]] = {}
        self._is_running = False
        self._is_draining = False
        self._workers: list[asyncio.Task[None]] = []

    @property
    def is_idle(self) -> bool:
        """Whether all calls that wait in this process have been refreshed."""
        return all(queue.is_idle for queue in self._local.values())

    async def store(
        self, connection: AsyncConnection[Any], account: str, events: Sequence[StoredEvent]
    ) -> dict[int, int]:
        """Queue the calls of events in the transaction that stores them; pass the result to ``on_stored``."""
        return await self._queue.add(connection, account, events)

    def on_stored(self, account: str, queued: Mapping[int, int]) -> None:
        """Schedule a refresh of calls that were queued; their events are committed."""
        fence = self._lease.fence()
        for call_session_id, requested in queued.items():
            self._cards.lost_hang_ups.heard_of(account, call_session_id)
            self._requested[account, call_session_id] = requested, fence
            self.schedule(account, call_session_id)

    def schedule(self, account: str, call_session_id: int, *, is_late: bool = False) -> None:
        """Schedule a refresh of a call.

        :param is_late: after all others
        """
        if self._is_draining:
            return
        queue = self._local.get(account)
        if queue is None:
            queue = self._local[account] = CallQueue(
                partial(self._refresh, account), partial(self._on_drop, account)
            )
            if self._is_running:
                self._workers.append(asyncio.create_task(queue.run()))
        queue.put(call_session_id, is_late=is_late)

    async def run(self) -> None:
        """Refresh calls, beginning with those left by an earlier process. Never returns."""
        self._is_running = True
        self._workers = [asyncio.create_task(queue.run()) for queue in self._local.values()]
        try:
            await self._sweep()
        finally:
            self._is_running = False
            for task in self._workers:
                task.cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)

    async def drain(self) -> None:
        """Complete the refreshes that have begun, and begin no others: the next gateway does."""
        self._is_draining = True
        for queue in self._local.values():
            queue.clear()
        until = time.monotonic() + DRAIN_SECONDS
        while not self.is_idle and time.monotonic() < until:
            await asyncio.sleep(0.02)

    def _on_drop(self, account: str, call_session_id: int) -> None:
        """Forget a call for now: it stays queued in Postgres, and comes again when there is room."""
        self._requested.pop((account, call_session_id), None)
        self._metrics.popups.labels("look", "dropped").inc()

    async def _refresh(self, name: str, call_session_id: int, is_outdated: Callable[[], bool]) -> None:
        known = self._requested.pop((name, call_session_id), None)
        account = self._accounts.get(name)
        is_active = account is not None and account.uis is not None
        account = account or self._accounts.recently_removed(name)
        if account is None:
            return
        try:
            requested = await self._turn(name, call_session_id, known)
            if requested is None:
                return
            try:
                await self._bring_in_line(account, call_session_id, is_outdated, is_active=is_active)
            except _FAILURES:
                raise
            except Exception:
                # an unexpected error in one call must not stop the refreshes of all others
                log.exception("call not refreshed", extra={"account": name, "call": call_session_id})
                self._metrics.popups.labels("look", "error").inc()
            if not await self._queue.finish(name, call_session_id, requested):
                self.schedule(name, call_session_id)
        except _FAILURES as error:
            if not isinstance(error, LeaseLapsedError):  # said once, by the lease
                log.warning("call not refreshed", extra={"account": name, "reason": type(error).__name__})
            self._metrics.popups.labels("look", "failed").inc()
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self.schedule, name, call_session_id)

    async def _turn(
        self, account: str, call_session_id: int, known: tuple[int, Callable[[], bool]] | None
    ) -> int | None:
        """Return how often the refresh of a call was requested; None if another gateway has the call."""
        if not self._lease.is_held:
            raise LeaseLapsedError
        if known is not None and not known[1]():
            return known[0]
        return await self._queue.take(account, call_session_id)

    async def _bring_in_line(
        self, account: Account, call_session_id: int, is_outdated: Callable[[], bool], *, is_active: bool
    ) -> None:
        has_lapsed = self._lease.fence()
        if is_active:
            await self._cards.refresh(account, call_session_id, is_outdated, has_lapsed)
        else:  # the account was removed or its telephony switched off
            await self._cards.close_all(account, call_session_id, has_lapsed)

    async def _sweep(self) -> None:
        is_first, seen_revision = True, -1
        look_again_at: float | None = time.monotonic() + BEFORE_LISTED.total_seconds() + 2
        while True:
            try:
                revision = self._accounts.revision
                is_time = look_again_at is not None and time.monotonic() >= look_again_at
                served = self._accounts.names
                await self._queue.add_due(
                    served, RECHECK_SECONDS, all_open=revision != seen_revision or is_time
                )
                if is_time:  # now UIS lists all calls that were in progress at the start
                    look_again_at = None
                if is_first:
                    for call in await self._table.recent_calls(served, STALE_AFTER.total_seconds()):
                        self.schedule(*call)
                await self._take_waiting(served)
                is_first, seen_revision = False, revision
            except _FAILURES as error:
                log.warning("due pop-ups not read", extra={"reason": type(error).__name__})
            await asyncio.sleep(SWEEP_SECONDS)

    async def _take_waiting(self, served: Sequence[str]) -> None:
        """Schedule what is queued to this gateway and does not wait here yet, and what it takes over."""
        if not self._lease.is_held:
            return
        for account, call_session_id, _, is_taken_over in await self._queue.waiting(served, _MOST_TAKEN):
            local = self._local.get(account)
            if local is None or local.has_room_for(call_session_id):
                self.schedule(account, call_session_id, is_late=not is_taken_over)
                if is_taken_over:
                    self._metrics.popups.labels("look", "taken over").inc()

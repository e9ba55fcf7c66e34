"""Decides which calls need a refresh of their pop-ups, and when."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial

from psycopg import Error
from psycopg_pool import PoolTimeout

from megaplan_gateway.accounts.registry import AccountRegistry
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.popups.call_queue import CallQueue
from megaplan_gateway.popups.card_table import CardTable
from megaplan_gateway.popups.card_updater import RECHECK_SECONDS, CardUpdater
from megaplan_gateway.popups.lost_hang_ups import BEFORE_LISTED
from megaplan_sync.inbox.event_store import StoredEvent
from megaplan_sync.telephony.live.cards import STALE_AFTER

log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
RETRY_SECONDS = 1.0
"""Delay before a call is refreshed again after Postgres failed."""
# events that never change a pop-up
_IGNORED = frozenset(
    {
        *("in_call_session", "in_call", "out_call", "set_mark", "unset_mark", "call_hold_control"),
        *("talk_record_control", "talk_record_file", "voice_message", "sip_line_unregister"),
    }
)


class PopupScheduler:
    """Queues calls whose pop-ups may have changed. ``run`` must be running."""

    def __init__(
        self, accounts: AccountRegistry, table: CardTable, cards: CardUpdater, metrics: Metrics
    ) -> None:
        self._accounts = accounts
        self._table = table
        self._cards = cards
        self._metrics = metrics
        self._queues: dict[str, CallQueue] = {}
        self._is_running = False
        self._workers: list[asyncio.Task[None]] = []

    @property
    def is_idle(self) -> bool:
        """Whether all queued calls have been refreshed."""
        return all(queue.is_idle for queue in self._queues.values())

    def on_event(self, account: str, event: StoredEvent) -> None:
        """Schedule a refresh of the event's call; repeated and irrelevant events are ignored."""
        if event.is_new and event.call_session_id is not None and event.mnemonic not in _IGNORED:
            self._cards.lost_hang_ups.heard_of(account, event.call_session_id)
            self.schedule(account, event.call_session_id)

    def schedule(self, account: str, call_session_id: int) -> None:
        """Schedule a refresh of a call."""
        queue = self._queues.get(account)
        if queue is None:
            on_drop = self._metrics.popups.labels("look", "dropped").inc
            queue = self._queues[account] = CallQueue(partial(self._refresh, account), on_drop)
            if self._is_running:
                self._workers.append(asyncio.create_task(queue.run()))
        queue.put(call_session_id)

    async def run(self) -> None:
        """Refresh calls, beginning with those left by an earlier process. Never returns."""
        self._is_running = True
        self._workers = [asyncio.create_task(queue.run()) for queue in self._queues.values()]
        try:
            await self._sweep()
        finally:
            self._is_running = False
            for task in self._workers:
                task.cancel()
            await asyncio.gather(*self._workers, return_exceptions=True)

    async def _refresh(self, name: str, call_session_id: int, is_obsolete: Callable[[], bool]) -> None:
        account = self._accounts.get(name)
        is_active = account is not None and account.uis is not None
        account = account or self._accounts.recently_removed(name)
        if account is None:
            return
        try:
            if is_active:
                await self._cards.refresh(account, call_session_id, is_obsolete)
            else:  # the account was removed or its telephony switched off
                await self._cards.close_all(account, call_session_id)
        except (Error, PoolTimeout, OSError) as error:
            log.warning("call not refreshed", extra={"account": name, "reason": type(error).__name__})
            self._metrics.popups.labels("look", "failed").inc()
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self.schedule, name, call_session_id)
        except Exception:
            # an unexpected error in one call must not stop the refreshes of all others
            log.exception("call not refreshed", extra={"account": name, "call": call_session_id})
            self._metrics.popups.labels("look", "error").inc()

    async def _sweep(self) -> None:
        is_first, seen_revision = True, -1
        look_again_at: float | None = time.monotonic() + BEFORE_LISTED.total_seconds() + SWEEP_SECONDS
        while True:
            try:
                revision = self._accounts.revision
                is_time = look_again_at is not None and time.monotonic() >= look_again_at
                all_open = revision != seen_revision or is_time
                calls = set(await self._table.claim_due(RECHECK_SECONDS, all_open=all_open))
                if is_time:  # now UIS lists all calls that were in progress at the start
                    look_again_at = None
                if is_first:
                    calls |= set(await self._table.recent_calls(STALE_AFTER.total_seconds()))
                for call in calls:
                    self.schedule(*call)
                is_first, seen_revision = False, revision
            except (Error, PoolTimeout, OSError) as error:
                log.warning("due pop-ups not read", extra={"reason": type(error).__name__})
            await asyncio.sleep(SWEEP_SECONDS)

"""Which calls to look at, and when; how they wait for it says :mod:`megaplan_gateway.popups.call_queue`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from psycopg import Error
from psycopg_pool import PoolTimeout

from megaplan_gateway.accounts.registry import Accounts
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.popups.call_queue import CallQueue
from megaplan_gateway.popups.card_table import CardTable
from megaplan_gateway.popups.card_updater import LOOK_AGAIN_SECONDS, CallCards
from megaplan_sync.inbox.event_store import StoredEvent
from megaplan_sync.telephony.live.cards import STALE_AFTER

log = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
PAUSE_SECONDS = 1.0
"""After Postgres failed, before a call is looked at again."""
# events that change nothing on a screen
_SILENT = frozenset(
    {
        *("in_call_session", "in_call", "out_call", "set_mark", "unset_mark", "call_hold_control"),
        *("talk_record_control", "talk_record_file", "voice_message", "sip_line_unregister"),
    }
)


class Popups:
    """The calls whose pop-ups are to be compared with what was shown. ``run`` has to be running."""

    def __init__(self, accounts: Accounts, table: CardTable, cards: CallCards, metrics: Metrics) -> None:
        self._accounts = accounts
        self._table = table
        self._cards = cards
        self._metrics = metrics
        self._queues: dict[str, CallQueue] = {}
        self._runs = False
        self._at_work: list[asyncio.Task[None]] = []

    @property
    def is_idle(self) -> bool:
        """Whether every call that was heard of has been looked at."""
        return all(queue.is_idle for queue in self._queues.values())

    def notice(self, account: str, event: StoredEvent) -> None:
        """Look at a call because something was heard of it; what was heard before changes nothing."""
        if event.is_new and event.call_session_id is not None and event.mnemonic not in _SILENT:
            self.look(account, event.call_session_id)

    def look(self, account: str, call_session_id: int) -> None:
        """Look at a call soon."""
        queue = self._queues.get(account)
        if queue is None:
            dropped = self._metrics.popups.labels("look", "dropped").inc
            queue = self._queues[account] = CallQueue(partial(self._refresh, account), dropped)
            if self._runs:
                self._at_work.append(asyncio.create_task(queue.run()))
        queue.put(call_session_id)

    async def run(self) -> None:
        """Handle calls, for ever; first of all those that an earlier process has left."""
        self._runs = True
        self._at_work = [asyncio.create_task(queue.run()) for queue in self._queues.values()]
        try:
            await self._sweep()
        finally:
            self._runs = False
            for task in self._at_work:
                task.cancel()
            await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _refresh(self, name: str, call_session_id: int, is_overtaken: Callable[[], bool]) -> None:
        account = self._accounts.get(name)
        shows_any = account is not None and account.uis is not None
        account = account or self._accounts.leaving(name)
        if account is None:
            return
        try:
            if shows_any:
                await self._cards.refresh(account, call_session_id, is_overtaken)
            else:  # taken off or switched off: what is on the screens goes
                await self._cards.close_all(account, call_session_id)
        except (Error, PoolTimeout, OSError) as error:
            log.warning("call not looked at", extra={"account": name, "reason": type(error).__name__})
            self._metrics.popups.labels("look", "failed").inc()
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self.look, name, call_session_id)
        except Exception:
            # one call that cannot be handled must not end the handling of all others
            log.exception("call not looked at", extra={"account": name, "call": call_session_id})
            self._metrics.popups.labels("look", "error").inc()

    async def _sweep(self) -> None:
        is_first, times_changed = True, -1
        while True:
            try:
                changed = self._accounts.times_changed
                found = set(await self._table.due(LOOK_AGAIN_SECONDS, everything=changed != times_changed))
                if is_first:
                    found |= set(await self._table.latest_calls(STALE_AFTER.total_seconds()))
                for key in found:
                    self.look(*key)
                is_first, times_changed = False, changed
            except (Error, PoolTimeout, OSError) as error:
                log.warning("pop-ups not looked at", extra={"reason": type(error).__name__})
            await asyncio.sleep(SWEEP_SECONDS)

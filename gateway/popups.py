"""Which calls to look at, and when: one at a time for each call, some at once for all, the freshest first."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict

from psycopg import Error
from psycopg_pool import PoolTimeout

from gateway.accounts import Accounts
from gateway.call_cards import LOOK_AGAIN_SECONDS, CallCards
from gateway.card_table import CardTable
from gateway.metrics import Metrics
from megaplan_sync.telephony.inbox import StoredEvent
from megaplan_sync.telephony.live_cards import STALE_AFTER

log = logging.getLogger(__name__)

WORKERS = 6
MOST_WAITING = 2000
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

Key = tuple[str, int]


class Popups:
    """The queue of calls whose pop-ups are to be compared with what was shown.

    Under more load than can be handled the freshest calls go first: a pop-up that comes late is of no use, and is
    never sent. ``run`` has to be running.
    """

    def __init__(self, accounts: Accounts, table: CardTable, cards: CallCards, metrics: Metrics) -> None:
        self._accounts = accounts
        self._table = table
        self._cards = cards
        self._metrics = metrics
        self._waiting: OrderedDict[Key, None] = OrderedDict()
        self._busy: dict[Key, bool] = {}  # true: something came while it was handled
        self._wake = asyncio.Semaphore(0)

    @property
    def is_idle(self) -> bool:
        """Whether every call that was heard of has been looked at."""
        return not self._waiting and not self._busy

    def notice(self, account: str, event: StoredEvent) -> None:
        """Look at a call because something was heard of it; what was heard before changes nothing."""
        if event.is_new and event.call_session_id is not None and event.mnemonic not in _SILENT:
            self.look(account, event.call_session_id)

    def look(self, account: str, call_session_id: int) -> None:
        """Look at a call soon."""
        key = (account, call_session_id)
        if key in self._busy:
            self._busy[key] = True
            return
        is_new = key not in self._waiting
        self._waiting[key] = None
        self._waiting.move_to_end(key)
        if is_new:
            self._wake.release()
            if len(self._waiting) > MOST_WAITING:
                self._waiting.popitem(last=False)
                self._metrics.popups.labels("look", "dropped").inc()

    async def run(self) -> None:
        """Handle calls, for ever; first of all those that an earlier process has left."""
        await asyncio.gather(self._sweep(), *(self._work() for _ in range(WORKERS)))

    async def _work(self) -> None:
        while True:
            await self._wake.acquire()
            if not self._waiting:  # it was dropped
                continue
            key, _ = self._waiting.popitem(last=True)
            self._busy[key] = False
            try:
                await self._refresh(key)
            finally:
                if self._busy.pop(key):
                    self.look(*key)

    async def _refresh(self, key: Key) -> None:
        name, call_session_id = key
        account = self._accounts.get(name)
        shows_any = account is not None and account.settings.telephony_active
        account = account or self._accounts.leaving(name)
        if account is None:
            return
        try:
            if shows_any:
                await self._cards.refresh(account, call_session_id, lambda: self._busy.get(key, False))
            else:  # taken off or switched off: what is on the screens goes
                await self._cards.close_all(account, call_session_id)
        except (Error, PoolTimeout, OSError) as error:
            log.warning("call not looked at", extra={"account": name, "reason": type(error).__name__})
            self._metrics.popups.labels("look", "failed").inc()
            asyncio.get_running_loop().call_later(PAUSE_SECONDS, self.look, *key)
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

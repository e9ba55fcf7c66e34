"""Calls that are over without our having heard of it: UIS, which promises no notification, is asked."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from megaplan_gateway.accounts.account import Account
from megaplan_sync.telephony.calls.call import Call
from uis_hook.call_control import list_calls
from uis_hook.exceptions import UisError

log = logging.getLogger(__name__)

QUIET = timedelta(seconds=290)
"""A call of which something was heard more lately is believed to go on."""
_KNOWN_SECONDS = 30.0
_PATIENCE = 6.0


class UnheardEnds:
    """Asks for all calls of an account at once, not for each."""

    def __init__(self) -> None:
        self._calls: dict[str, tuple[set[str] | None, float]] = {}

    async def has_ended(self, account: Account, call: Call, now: datetime) -> bool:
        """Say whether a call of which nothing was heard for long is known to UIS no more; False: who knows."""
        if call.is_finished or (call.last_event_at is not None and now - call.last_event_at <= QUIET):
            return False
        going_on = await self._going_on(account)
        return going_on is not None and str(call.call_session_id) not in going_on

    async def _going_on(self, account: Account) -> set[str] | None:
        if account.uis is None:
            return None
        known, until = self._calls.get(account.name, (None, 0.0))
        if time.monotonic() >= until:
            try:
                calls = await account.uis.ask(list_calls(), _PATIENCE)
                known = {str(one.get("call_session_id")) for one in calls}
            except UisError as error:  # the tariff may not have it
                log.info("calls not asked", extra={"account": account.name, "reason": type(error).__name__})
                known = None
            self._calls[account.name] = known, time.monotonic() + _KNOWN_SECONDS
        return known

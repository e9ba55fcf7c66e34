"""Detects calls whose final notification was lost, by polling UIS's list of calls in progress."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from cachetools import TTLCache

from megaplan_gateway.accounts.account import Account
from megaplan_sync.telephony.calls.call import Call
from uis_hook.call_control import list_calls
from uis_hook.exceptions import UisError

log = logging.getLogger(__name__)

SILENT_AFTER = timedelta(seconds=290)
"""A call with a more recent event is assumed to be in progress."""
BEFORE_LISTED = timedelta(seconds=10)
"""UIS may not list a call yet that has a more recent event."""
MOST_HEARD_OF = 100_000
_CACHE_SECONDS = 30.0
_TIMEOUT = 6.0


class LostHangUps:
    """Checks silent calls against UIS, with one cached request per account instead of one per call.

    A call of which this process has not heard may have ended while none was running, so it counts as silent.
    """

    def __init__(self) -> None:
        self._heard_of: TTLCache[tuple[str, int], bool] = TTLCache(
            MOST_HEARD_OF, SILENT_AFTER.total_seconds()
        )
        self._calls: dict[str, tuple[set[str] | None, float]] = {}

    def heard_of(self, account: str, call_session_id: int) -> None:
        """Note that an event of a call has arrived."""
        self._heard_of[account, call_session_id] = True

    async def has_ended(self, account: Account, call: Call, now: datetime) -> bool:
        """Return whether UIS no longer lists a call without recent events; False if that is unknown."""
        last = call.last_event_at
        silence = SILENT_AFTER if (account.name, call.call_session_id) in self._heard_of else BEFORE_LISTED
        if call.is_finished or (last is not None and now - last <= silence):
            return False
        in_progress = await self._in_progress(account)
        return in_progress is not None and str(call.call_session_id) not in in_progress

    async def _in_progress(self, account: Account) -> set[str] | None:
        if account.uis is None:
            return None
        in_progress, expires_at = self._calls.get(account.name, (None, 0.0))
        if time.monotonic() >= expires_at:
            try:
                calls = await account.uis.ask(list_calls(), _TIMEOUT)
                in_progress = {str(call.get("call_session_id")) for call in calls}
            except UisError as error:  # the UIS plan may not include the method
                log.info("calls not listed", extra={"account": account.name, "reason": type(error).__name__})
                in_progress = None
            self._calls[account.name] = in_progress, time.monotonic() + _CACHE_SECONDS
        return in_progress

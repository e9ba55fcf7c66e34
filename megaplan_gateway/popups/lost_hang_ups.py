"""Detects calls whose final notification was lost, by polling UIS's list of calls in progress."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
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


@dataclass(frozen=True)
class _Answer:
    """The calls that UIS listed; None if it did not answer. A later call may be in progress, too."""

    in_progress: set[str] | None
    asked_at: datetime
    expires_at: float


class LostHangUps:
    """Checks silent calls against UIS, with one cached request per account instead of one per call.

    A call of which this process has not heard may have ended while none was running, so it counts as silent.
    """

    def __init__(self) -> None:
        self._heard_of: TTLCache[tuple[str, int], bool] = TTLCache(
            MOST_HEARD_OF, SILENT_AFTER.total_seconds()
        )
        self._calls: dict[str, _Answer] = {}

    def heard_of(self, account: str, call_session_id: int) -> None:
        """Note that an event of a call has arrived."""
        self._heard_of[account, call_session_id] = True

    async def has_ended(self, account: Account, call: Call, now: datetime) -> bool:
        """Return whether UIS no longer lists a call without recent events; False if that is unknown."""
        last = call.last_event_at
        silence = SILENT_AFTER if (account.name, call.call_session_id) in self._heard_of else BEFORE_LISTED
        if call.is_finished or (last is not None and now - last <= silence):
            return False
        listed_since = None if last is None else last + BEFORE_LISTED
        in_progress = await self._in_progress(account, now, listed_since)
        return in_progress is not None and str(call.call_session_id) not in in_progress

    async def _in_progress(
        self, account: Account, now: datetime, listed_since: datetime | None
    ) -> set[str] | None:
        if account.uis is None:
            return None
        known = self._calls.get(account.name)
        is_current = known is not None and time.monotonic() < known.expires_at
        if known is None or not is_current or (listed_since is not None and known.asked_at < listed_since):
            try:
                calls = await account.uis.ask(list_calls(), _TIMEOUT)
                in_progress: set[str] | None = {str(call.get("call_session_id")) for call in calls}
            except UisError as error:  # the UIS plan may not include the method
                log.info("calls not listed", extra={"account": account.name, "reason": type(error).__name__})
                in_progress = None
            known = _Answer(in_progress, now, time.monotonic() + _CACHE_SECONDS)
            self._calls[account.name] = known
        return known.in_progress

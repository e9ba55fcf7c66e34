"""The employee statuses of a UIS account, cached for an hour or until an unknown one appears."""

from __future__ import annotations

import time
from collections.abc import Callable

from megaplan_gateway.vendors.uis_client import AsyncUisClient
from megaplan_gateway.widget.uis_lists import read_all
from megaplan_gateway.widget.users import Status
from uis_hook.exceptions import UisNotFoundError
from uis_hook.staff import statuses

CACHE_SECONDS = 3600.0
_TIMEOUT = 8.0


class Statuses:
    """The statuses of one UIS account. Ids differ between accounts, mnemonics do not."""

    def __init__(self, uis: AsyncUisClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._uis = uis
        self._clock = clock
        self._known: dict[int, Status] = {}
        self._expires_at = float("-inf")

    async def by_id(self, *wanted: int) -> dict[int, Status]:
        """Return all statuses by id; reloads them if one of ``wanted`` is unknown.

        :raises UisError: if the statuses cannot be read
        """
        if self._clock() >= self._expires_at or not set(wanted) <= set(self._known):
            found = await read_all(self._uis, statuses(self._uis.settings), _TIMEOUT)
            self._known = {status.id: status for status in map(Status.of, found)}
            self._expires_at = self._clock() + CACHE_SECONDS
        return self._known

    async def named(self, mnemonic: str) -> Status:
        """Return a standard status by its mnemonic.

        :raises UisError: if the statuses cannot be read or the account lacks this one
        """
        for status in (await self.by_id()).values():
            if status.mnemonic == mnemonic:
                return status
        reason = f"this account has no status with the mnemonic {mnemonic!r}"
        raise UisNotFoundError("get.statuses", "entity_not_found", message=reason)

"""The statuses a cabinet has: asked for once an hour, or when an unknown one turns up."""

from __future__ import annotations

import time
from collections.abc import Callable

from megaplan_gateway.vendors.uis_client import LiveUis
from megaplan_gateway.widget.uis_lists import read_all
from megaplan_gateway.widget.users import Status
from uis_hook.exceptions import UisNotFoundError
from uis_hook.staff import statuses

KEPT_SECONDS = 3600.0
_PATIENCE = 8.0


class Statuses:
    """The statuses of one cabinet; ids differ between accounts, mnemonics do not."""

    def __init__(self, uis: LiveUis, clock: Callable[[], float] = time.monotonic) -> None:
        self._uis = uis
        self._clock = clock
        self._known: dict[int, Status] = {}
        self._until = float("-inf")

    async def by_id(self, *wanted: int) -> dict[int, Status]:
        """Return all statuses by id; asked for anew when a wanted one is unknown.

        :raises UisError: they cannot be read
        """
        if self._clock() >= self._until or not set(wanted) <= set(self._known):
            sort_field = self._uis.settings.vendor_quirks.directories_sort_field
            found = await read_all(self._uis, statuses(sort_field), _PATIENCE)
            self._known = {status.id: status for status in map(Status.of, found)}
            self._until = self._clock() + KEPT_SECONDS
        return self._known

    async def named(self, mnemonic: str) -> Status:
        """Return a standard status.

        :raises UisError: they cannot be read, or the account has no such status
        """
        for status in (await self.by_id()).values():
            if status.mnemonic == mnemonic:
                return status
        told = f"this account has no status with the mnemonic {mnemonic!r}"
        raise UisNotFoundError("get.statuses", "entity_not_found", told=told)

"""Which calls an employee has now, as far as notifications tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from psycopg.rows import class_row

from gateway.database import WAIT_SECONDS, Pool
from megaplan_sync.sql import read_sql

KNOWN_FOR_SECONDS = 0.7
LONGEST_CALL_HOURS = 2


@dataclass(frozen=True)
class PartInCall:
    """One employee's part in a call that goes on.

    :param phone: the client's, digits as UIS gives them
    :param is_connected: picked up; otherwise it rings
    """

    uis_employee_id: int
    call_session_id: int
    phone: str | None
    direction: str | None
    is_connected: bool


class CallsGoingOn:
    """Looks into the inbox at most once in ``KNOWN_FOR_SECONDS`` for each account, however many widgets ask."""

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._known: dict[str, tuple[list[PartInCall], float]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(self, account: str, uis_employee_id: int) -> list[PartInCall]:
        """Return an employee's parts; ringing ones only of calls that nobody has taken yet."""
        parts = await self._parts(account)
        taken = {part.call_session_id for part in parts if part.is_connected}
        return [
            part
            for part in parts
            if part.uis_employee_id == uis_employee_id
            and (part.is_connected or part.call_session_id not in taken)
        ]

    async def is_own(self, account: str, uis_employee_id: int, call_session_id: int) -> bool:
        """Say whether the notes have a call as this employee's alone, or taken by this employee."""
        parts = [part for part in await self._parts(account) if part.call_session_id == call_session_id]
        own = [part for part in parts if part.uis_employee_id == uis_employee_id]
        return bool(own) and (len(own) == len(parts) or any(part.is_connected for part in own))

    async def _parts(self, account: str) -> list[PartInCall]:
        async with self._locks.setdefault(account, asyncio.Lock()):
            parts, until = self._known.get(account, ([], 0.0))
            if self._clock() < until:
                return parts
            asked = {"account": account, "hours": LONGEST_CALL_HOURS}
            async with (
                self._pool.connection(timeout=WAIT_SECONDS) as connection,
                connection.cursor(row_factory=class_row(PartInCall)) as rows,
            ):
                await rows.execute(read_sql("select_calls_going_on"), asked)
                parts = await rows.fetchall()
            self._known[account] = (parts, self._clock() + KNOWN_FOR_SECONDS)
            return parts

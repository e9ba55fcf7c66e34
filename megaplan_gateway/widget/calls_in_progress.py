"""Which calls an employee has now, as far as notifications tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from psycopg.rows import class_row

from megaplan_gateway.database import WAIT_SECONDS, Pool
from megaplan_gateway.widget.users import TelephonyUser
from megaplan_sync.kernel.sql import read_sql

KNOWN_FOR_SECONDS = 0.7
LONGEST_CALL_HOURS = 2
JUST_BEGUN_SECONDS = 60
LONGEST_RINGING_SECONDS = 180
"""Without any news a telephone has stopped ringing after so long, and its last notification was lost."""
READ_AGAIN = 500
"""So many of the last events are read once more: numbers are given before the commit, a lower one may come later."""

_OVER = frozenset({"call_session_finished", "lost_call_session", "talk_record_file"})
_GONE = "call_disconnected"
_CONNECTED = frozenset({"call_connected", "talk_started"})
_OF_A_TELEPHONE = _CONNECTED | {_GONE, "out_call_session", "in_call", "out_call", "call_proceeding"}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class PartInCall:
    """One employee's part in a call that goes on.

    :param phone: the client's
    :param is_connected: picked up; otherwise it rings
    """

    uis_employee_id: int
    call_session_id: int
    phone: str | None
    direction: str | None
    is_connected: bool


@dataclass(frozen=True)
class Heard:
    """An event of a call.

    :param age_seconds: since it was received
    """

    number: int
    call_session_id: int
    mnemonic: str | None
    occurred_at: datetime | None
    uis_employee_id: int | None
    phone: str | None
    direction: str | None
    age_seconds: float = 0.0


@dataclass
class _Call:
    phone: str | None = None
    direction: str | None = None
    is_over: bool = False
    heard_at: float = float("-inf")
    telephones: dict[int, tuple[datetime, int, str]] = field(default_factory=dict)

    def hear(self, event: Heard, now: float) -> None:
        """Take an event in; the same one twice, or an older one later, changes nothing."""
        self.phone, self.direction = event.phone or self.phone, event.direction or self.direction
        self.heard_at = max(self.heard_at, now - event.age_seconds)
        self.is_over |= event.mnemonic in _OVER
        if event.uis_employee_id is not None and event.mnemonic in _OF_A_TELEPHONE:
            latest = (event.occurred_at or _LONG_AGO, event.number, event.mnemonic or "")
            known = self.telephones.get(event.uis_employee_id, latest)
            self.telephones[event.uis_employee_id] = max(known, latest)


class CallBook:
    """The calls of one account, told event by event. Free of I/O."""

    def __init__(self) -> None:
        self.last_number = 0
        self._calls: dict[int, _Call] = {}

    def hear(self, events: list[Heard], now: float) -> None:
        """Take events in, in whatever order, and forget calls not heard of for long.

        :param now: seconds that only grow
        """
        for event in events:
            self._calls.setdefault(event.call_session_id, _Call()).hear(event, now)
            self.last_number = max(self.last_number, event.number)
        longest = LONGEST_CALL_HOURS * 3600
        for silent in [session for session, call in self._calls.items() if now - call.heard_at > longest]:
            del self._calls[silent]

    def knows(self, call_session_id: int) -> bool:
        """Say whether anything was heard of a call."""
        return call_session_id in self._calls

    def parts(self, now: float) -> list[PartInCall]:
        """Return who takes part in the calls that go on."""
        return [
            PartInCall(employee, session, call.phone, call.direction, mnemonic in _CONNECTED)
            for session, call in self._calls.items()
            if not call.is_over
            for employee, (_, _, mnemonic) in call.telephones.items()
            if mnemonic in _CONNECTED or (mnemonic != _GONE and now - call.heard_at < LONGEST_RINGING_SECONDS)
        ]


class CallsGoingOn:
    """Reads what is new in the inbox, at most once in ``KNOWN_FOR_SECONDS`` however many widgets ask.

    :param clock: seconds that only grow
    """

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._books: dict[str, tuple[CallBook, float]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(self, account: str, user: TelephonyUser) -> list[PartInCall]:
        """Return an employee's parts; ringing ones only of calls that nobody has taken yet."""
        book = await self._book(account)
        parts = book.parts(self._clock())
        taken = {part.call_session_id for part in parts if part.is_connected}
        own = [
            part
            for part in parts
            if part.uis_employee_id == user.uis_employee_id
            and (part.is_connected or part.call_session_id not in taken)
        ]
        return own + await self._just_begun(account, user, book)

    async def is_own(self, account: str, user: TelephonyUser, call_session_id: int) -> bool:
        """Say whether the notes have a call as this employee's alone, or taken by this employee."""
        book = await self._book(account)
        parts = [part for part in book.parts(self._clock()) if part.call_session_id == call_session_id]
        parts += [
            part
            for part in await self._just_begun(account, user, book)
            if part.call_session_id == call_session_id
        ]
        own = [part for part in parts if part.uis_employee_id == user.uis_employee_id]
        return bool(own) and (len(own) == len(parts) or any(part.is_connected for part in own))

    async def _book(self, account: str) -> CallBook:
        async with self._locks.setdefault(account, asyncio.Lock()):
            book, until = self._books.get(account, (CallBook(), 0.0))
            if self._clock() >= until:
                after = max(0, book.last_number - READ_AGAIN)
                asked = {"account": account, "after": after, "hours": LONGEST_CALL_HOURS}
                book.hear(await self._events(asked), self._clock())
                self._books[account] = (book, self._clock() + KNOWN_FOR_SECONDS)
            return book

    async def _events(self, asked: dict[str, object]) -> list[Heard]:
        async with (
            self._pool.connection(timeout=WAIT_SECONDS) as connection,
            connection.cursor(row_factory=class_row(Heard)) as rows,
        ):
            await rows.execute(read_sql("select_call_events_since"), asked)
            return await rows.fetchall()

    async def _just_begun(self, account: str, user: TelephonyUser, book: CallBook) -> list[PartInCall]:
        """Return calls begun by the widget of which no notification has come yet."""
        asked = {"account": account, "employee_id": user.employee_id, "seconds": JUST_BEGUN_SECONDS}
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            cursor = await connection.execute(read_sql("select_calls_just_begun"), asked)
            begun = await cursor.fetchall()
        return [
            PartInCall(user.uis_employee_id, session, phone, "out", is_connected=False)
            for session, phone in begun
            if not book.knows(session)
        ]

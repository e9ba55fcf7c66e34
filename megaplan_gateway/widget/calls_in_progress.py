"""An employee's calls in progress, derived from notifications."""

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

CACHE_SECONDS = 0.7
MAX_CALL_HOURS = 2
JUST_STARTED_SECONDS = 60
MAX_RINGING_SECONDS = 180
"""A telephone without events for so long has stopped ringing, and its last notification was lost."""
REREAD_EVENTS = 500
"""How many of the last events are read again: numbers are assigned before the commit, so gaps may fill up later."""

_ENDED = frozenset({"call_session_finished", "lost_call_session", "talk_record_file"})
_DISCONNECTED = "call_disconnected"
_CONNECTED = frozenset({"call_connected", "talk_started"})
_TELEPHONE_EVENTS = _CONNECTED | {_DISCONNECTED, "out_call_session", "in_call", "out_call", "call_proceeding"}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Participant:
    """An employee in a call in progress.

    :param phone: the client's number
    :param is_connected: whether the employee has answered; otherwise the telephone rings
    """

    uis_employee_id: int
    call_session_id: int
    phone: str | None
    direction: str | None
    is_connected: bool


@dataclass(frozen=True)
class CallEventRow:
    """A row of ``select_call_events_since``.

    :param age_seconds: since the event was received
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
    has_ended: bool = False
    last_event_at: float = float("-inf")
    telephones: dict[int, tuple[datetime, int, str]] = field(default_factory=dict)

    def apply(self, event: CallEventRow, now: float) -> None:
        """Apply an event; repeated and outdated events change nothing."""
        self.phone, self.direction = event.phone or self.phone, event.direction or self.direction
        self.last_event_at = max(self.last_event_at, now - event.age_seconds)
        self.has_ended |= event.mnemonic in _ENDED
        if event.uis_employee_id is not None and event.mnemonic in _TELEPHONE_EVENTS:
            latest = (event.occurred_at or _LONG_AGO, event.number, event.mnemonic or "")
            known = self.telephones.get(event.uis_employee_id, latest)
            self.telephones[event.uis_employee_id] = max(known, latest)


class CallTracker:
    """Tracks the calls of one account from its events. Free of I/O."""

    def __init__(self) -> None:
        self.last_number = 0
        self._calls: dict[int, _Call] = {}

    def apply(self, events: list[CallEventRow], now: float) -> None:
        """Apply events in any order, and drop calls without events for ``MAX_CALL_HOURS``.

        :param now: monotonic time in seconds
        """
        for event in events:
            self._calls.setdefault(event.call_session_id, _Call()).apply(event, now)
            self.last_number = max(self.last_number, event.number)
        oldest = now - MAX_CALL_HOURS * 3600
        for silent in [session for session, call in self._calls.items() if call.last_event_at < oldest]:
            del self._calls[silent]

    def knows(self, call_session_id: int) -> bool:
        """Return whether a call has had any event."""
        return call_session_id in self._calls

    def participants(self, now: float) -> list[Participant]:
        """Return the employees in calls in progress."""
        ringing_since = now - MAX_RINGING_SECONDS
        return [
            Participant(employee, session, call.phone, call.direction, mnemonic in _CONNECTED)
            for session, call in self._calls.items()
            if not call.has_ended
            for employee, (_, _, mnemonic) in call.telephones.items()
            if mnemonic in _CONNECTED or (mnemonic != _DISCONNECTED and call.last_event_at > ringing_since)
        ]


class CallsInProgress:
    """Reads new events from the inbox, at most once per ``CACHE_SECONDS`` however many widgets poll.

    :param clock: monotonic time in seconds
    """

    def __init__(self, pool: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._trackers: dict[str, tuple[CallTracker, float]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def of(self, account: str, user: TelephonyUser) -> list[Participant]:
        """Return an employee's calls; ringing ones only until somebody answers."""
        tracker = await self._tracker(account)
        participants = tracker.participants(self._clock())
        answered = {one.call_session_id for one in participants if one.is_connected}
        own = [
            one
            for one in participants
            if one.uis_employee_id == user.uis_employee_id
            and (one.is_connected or one.call_session_id not in answered)
        ]
        return own + await self._just_started(account, user, tracker)

    async def is_own(self, account: str, user: TelephonyUser, call_session_id: int) -> bool:
        """Return whether this employee has answered a call or is its only participant."""
        tracker = await self._tracker(account)
        known = tracker.participants(self._clock()) + await self._just_started(account, user, tracker)
        participants = [one for one in known if one.call_session_id == call_session_id]
        own = [one for one in participants if one.uis_employee_id == user.uis_employee_id]
        return bool(own) and (len(own) == len(participants) or any(one.is_connected for one in own))

    async def _tracker(self, account: str) -> CallTracker:
        async with self._locks.setdefault(account, asyncio.Lock()):
            tracker, expires_at = self._trackers.get(account, (CallTracker(), 0.0))
            if self._clock() >= expires_at:
                after = max(0, tracker.last_number - REREAD_EVENTS)
                parameters = {"account": account, "after": after, "hours": MAX_CALL_HOURS}
                tracker.apply(await self._events(parameters), self._clock())
                self._trackers[account] = (tracker, self._clock() + CACHE_SECONDS)
            return tracker

    async def _events(self, parameters: dict[str, object]) -> list[CallEventRow]:
        async with (
            self._pool.connection(timeout=WAIT_SECONDS) as connection,
            connection.cursor(row_factory=class_row(CallEventRow)) as rows,
        ):
            await rows.execute(read_sql("select_call_events_since"), parameters)
            return await rows.fetchall()

    async def _just_started(
        self, account: str, user: TelephonyUser, tracker: CallTracker
    ) -> list[Participant]:
        """Return calls started by the widget that have had no notification yet."""
        parameters = {"account": account, "employee_id": user.employee_id, "seconds": JUST_STARTED_SECONDS}
        async with self._pool.connection(timeout=WAIT_SECONDS) as connection:
            cursor = await connection.execute(read_sql("select_calls_just_started"), parameters)
            started = await cursor.fetchall()
        return [
            Participant(user.uis_employee_id, session, phone, "out", is_connected=False)
            for session, phone in started
            if not tracker.knows(session)
        ]

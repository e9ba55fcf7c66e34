"""``telephony.live_queue``: the calls whose pop-ups wait for a refresh, shared by all gateways."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection

from megaplan_gateway.database import FewSessions
from megaplan_sync.inbox.event_store import StoredEvent
from megaplan_sync.kernel.sql import read_sql

# events that never change a pop-up
_IGNORED = frozenset(
    {
        *("in_call_session", "in_call", "out_call", "set_mark", "unset_mark", "call_hold_control"),
        *("talk_record_control", "talk_record_file", "voice_message", "sip_line_unregister"),
    }
)


class LiveQueue:
    """The queue as one gateway sees it.

    A call is queued in the transaction that stores its event, and stays until its pop-ups agree with all its events.
    So nothing is lost with a process, and no two processes refresh a call at once.

    :param gateway: the id of this gateway, see :class:`GatewayLease`
    """

    def __init__(self, pool: FewSessions, gateway: str) -> None:
        self._pool = pool
        self._gateway = gateway

    async def add(
        self, connection: AsyncConnection[Any], account: str, events: Sequence[StoredEvent]
    ) -> dict[int, int]:
        """Queue the calls of events in the caller's transaction.

        Repeated events count too: the first message may have been stored by a process that was killed, or in a commit
        whose answer was lost.

        :returns: by call that this gateway is to refresh, how often it was requested
        """
        calls = {
            event.call_session_id
            for event in events
            if event.call_session_id is not None and event.broken is None and event.mnemonic not in _IGNORED
        }
        if not calls:
            return {}
        cursor = await connection.execute(read_sql("queue_calls"), self._call_parameters(account, calls))
        return _ours(await cursor.fetchall())

    async def take(self, account: str, call_session_id: int) -> int | None:
        """Queue a call, and return how often it was requested; None if another gateway has it."""
        parameters = self._call_parameters(account, [call_session_id])
        async with self._pool.connection() as connection:
            (queued,) = await connection.execute_at_once(parameters, read_sql("queue_calls"))
        return _ours(queued).get(call_session_id)

    async def add_due(self, accounts: Sequence[str], interval_seconds: float, *, all_open: bool) -> None:
        """Queue the calls whose pop-ups are due for a refresh, and postpone those by the interval.

        :param all_open: all calls with open pop-ups
        """
        parameters = self._parameters(accounts, interval_seconds=interval_seconds, all_open=all_open)
        async with self._pool.connection() as connection:
            await connection.execute(read_sql("queue_due_cards"), parameters)

    async def waiting(self, accounts: Sequence[str], most: int) -> list[tuple[str, int, int, bool]]:
        """Return this gateway's calls, with those of gateways that are no longer alive, which it takes over.

        :param most: of either
        :returns: account, call, how often it was requested, and whether it was taken over
        """
        async with self._pool.connection() as connection:
            (calls,) = await connection.execute_at_once(
                self._parameters(accounts, most=most), read_sql("take_queued_calls")
            )
        return calls

    async def finish(self, account: str, call_session_id: int, requested: int) -> bool:
        """Take a refreshed call out of the queue; return False if it was requested again meanwhile."""
        parameters = {
            "account": account,
            "call_session_id": call_session_id,
            "gateway": self._gateway,
            "requested": requested,
        }
        async with self._pool.connection() as connection:
            (finished,) = await connection.execute_at_once(parameters, read_sql("finish_queued_call"))
        return bool(finished)

    def _call_parameters(self, account: str, calls: Collection[int]) -> dict[str, Any]:
        return {"account": account, "call_session_ids": list(calls), "gateway": self._gateway}

    def _parameters(self, accounts: Sequence[str], **values: Any) -> Mapping[str, Any]:
        return {"accounts": list(accounts), "gateway": self._gateway, **values}


def _ours(queued: Iterable[tuple[int, int, bool]]) -> dict[int, int]:
    return {call: requested for call, requested, is_ours in queued if is_ours}

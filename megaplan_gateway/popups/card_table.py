"""Asynchronous access to ``telephony.cards`` and the other tables that pop-ups are derived from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, Rollback
from psycopg.errors import UndefinedTable

from megaplan_gateway.database import FewSessions
from megaplan_hook.links import Link
from megaplan_sync.kernel.phones import phone_e164
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.calls.call import CallEvent
from megaplan_sync.telephony.live.cards import Card, CardState, WantedCard

_CONTENT_TYPES = {"human": "ContractorHuman", "company": "ContractorCompany"}


@dataclass(frozen=True)
class CallState:
    """A call's events and pop-ups.

    :param users: Megaplan employee ids by UIS employee id
    """

    events: list[CallEvent]
    cards: list[Card]
    users: dict[int, int]


class CardTable:
    """The pop-ups of all accounts.

    :param gateway: the id of this gateway; it creates pop-ups only of calls that it has in ``telephony.live_queue``
    """

    def __init__(self, pool: FewSessions, gateway: str) -> None:
        self._pool = pool
        self._gateway = gateway

    async def state_of(self, account: str, call_session_id: int) -> CallState:
        """Read a call's events and pop-ups."""
        parameters = {
            "account": account,
            "call_session_id": call_session_id,
            "call_session_ids": [call_session_id],
        }
        async with self._pool.connection() as connection:
            cards, events, users = await connection.execute_at_once(
                parameters,
                # first: cards that follow from later events than those read would look outdated, and be changed back
                read_sql("select_cards_of_call"),
                read_sql("select_events_of_calls"),
                read_sql("select_employee_pairs"),
            )
        return CallState(
            [
                CallEvent(account, session, mnemonic, at, payload)
                for _, _, _, session, mnemonic, at, payload in events
            ],
            [Card(*card) for card in cards],
            dict(users),
        )

    async def client_of(self, account: str, phone: str | None, region: str) -> Link | None:
        """Return the contact with a phone number if exactly one has it; otherwise Megaplan searches itself."""
        number = None if phone is None else phone_e164(phone, region)
        if number is None:
            return None
        parameters = {"account": account, "phone": number, "employee_id": None}
        try:
            async with self._pool.connection() as connection:
                cursor = await connection.execute(read_sql("find_contacts_by_phone"), parameters)
                found = await cursor.fetchall()
        except UndefinedTable:  # without the deals DAGs there are no raw tables
            return None
        if len(found) != 1:
            return None
        kind, contact_id = found[0]
        return Link(contentType=_CONTENT_TYPES[kind], id=str(contact_id))

    async def claim(
        self, account: str, call_session_id: int, wanted: WantedCard, lease_seconds: float
    ) -> bool:
        """Claim a pop-up before its object is created; False if it may not be created.

        It is already claimed, the call is already delivered, or another gateway has taken the call over.

        :param lease_seconds: how long the batch lane leaves the call alone; must exceed the duration of any request
        """
        parameters = {
            **_key(account, wanted),
            "call_session_id": call_session_id,
            "is_companion": wanted.is_companion,
            "sent": wanted.content,
            "lease_seconds": lease_seconds,
            "due_in_seconds": lease_seconds,
            "gateway": self._gateway,
        }
        async with self._pool.connection() as connection, connection.transaction():
            is_claimed = await _returns_row(connection, "insert_card", parameters) and (
                wanted.is_companion or await _returns_row(connection, "claim_live_call", parameters)
            )
            if not is_claimed:
                raise Rollback
            return True
        return False

    async def settle(
        self,
        account: str,
        call_session_id: int,
        wanted: WantedCard,
        state: CardState,
        *,
        known: Card | None,
        due_in_seconds: float,
        call_info_id: str | None = None,
        history_hash: str | None = None,
        error: str | None = None,
        is_skipped: bool = False,
    ) -> None:
        """Save the result of a request in ``telephony.cards`` and, for a call's record, in the outbox.

        :param known: the card before the request; None if ``claim`` created it
        :param is_skipped: after an error, do not send this change again and leave the card as it is
        """
        parameters: dict[str, Any] = {
            **_key(account, wanted),
            "call_session_id": call_session_id,
            "state": state,
            "known_state": "opening" if known is None else known.state,
            "known_sent": wanted.content if known is None else known.sent,
            "sent": wanted.content if error is None or is_skipped else None,
            "employee_id": wanted.employee_id if error is None else None,
            "call_info_id": call_info_id,
            "history_hash": history_hash,
            "last_error": error,
            "is_resolved": error is None or is_skipped,
            "due_in_seconds": due_in_seconds,
        }
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(read_sql("settle_card"), parameters)
            if wanted.is_companion:
                return
            if call_info_id is not None:
                await connection.execute(read_sql("confirm_live_call"), parameters)
            if call_info_id is not None or state == "given_up":
                await connection.execute(read_sql("release_live_call"), parameters)

    async def release(self, account: str, call_session_id: int, wanted: WantedCard) -> None:
        """Undo ``claim`` when no request was sent."""
        parameters = {**_key(account, wanted), "call_session_id": call_session_id}
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(read_sql("delete_claimed_card"), parameters)
            if not wanted.is_companion:
                await connection.execute(read_sql("release_live_call"), parameters)

    async def recent_calls(self, accounts: Sequence[str], seconds: float) -> list[tuple[str, int]]:
        """Return the calls with events within the last seconds."""
        parameters = {"accounts": list(accounts), "seconds": seconds}
        async with self._pool.connection() as connection:
            cursor = await connection.execute(read_sql("select_recent_calls"), parameters)
            return await cursor.fetchall()


def _key(account: str, wanted: WantedCard) -> dict[str, Any]:
    return {"account": account, "provider_id": wanted.provider_id, "employee_id": wanted.employee_id}


async def _returns_row(connection: AsyncConnection[Any], statement: str, parameters: dict[str, Any]) -> bool:
    row = await (await connection.execute(read_sql(statement), parameters)).fetchone()
    return row is not None

"""``telephony.cards`` and what pop-ups need to know beside it: asynchronously, one call at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from psycopg import AsyncConnection, Rollback
from psycopg.errors import UndefinedTable
from psycopg.rows import class_row

from megaplan_gateway.database import Pool
from megaplan_hook.links import Link
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.telephony.calls.call import CallEvent
from megaplan_sync.telephony.live.cards import Card, CardState, WantedCard

_CONTENT_TYPES = {"human": "ContractorHuman", "company": "ContractorCompany"}
_NUMBER = re.compile(r"[0-9]{7,15}")


@dataclass(frozen=True)
class CallState:
    """All that is known of a call.

    :param users: Megaplan's employee by UIS's
    """

    events: list[CallEvent]
    cards: list[Card]
    users: dict[int, int]


class CardTable:
    """Pop-ups of all accounts."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def state_of(self, account: str, call_session_id: int) -> CallState:
        """Return what is known of a call."""
        asked = {
            "account": account,
            "call_session_id": call_session_id,
            "call_session_ids": [call_session_id],
        }
        async with self._pool.connection() as connection:
            # sent together, so that a pop-up waits for one round trip only
            async with connection.pipeline():
                events = await connection.execute(read_sql("select_events_of_calls"), asked)
                cards = connection.cursor(row_factory=class_row(Card))
                await cards.execute(read_sql("select_cards_of_call"), asked)
                users = await connection.execute(read_sql("select_employee_pairs"), asked)
            return CallState(
                [
                    CallEvent(account, session, mnemonic, at, payload)
                    for _, _, _, session, mnemonic, at, payload in await events.fetchall()
                ],
                await cards.fetchall(),
                dict(await users.fetchall()),
            )

    async def client_of(self, account: str, phone: str | None) -> Link | None:
        """Return the contact with a number if the raw tables leave no doubt; else Megaplan searches."""
        number = "" if phone is None else phone.removeprefix("+")
        if not _NUMBER.fullmatch(number):
            return None
        asked = {"account": account, "phone": f"+{number}", "employee_id": None}
        try:
            async with self._pool.connection() as connection:
                found = await (await connection.execute(read_sql("find_contacts_by_phone"), asked)).fetchall()
        except UndefinedTable:  # telephony without deals: there may be no raw tables
            return None
        if len(found) != 1:
            return None
        kind, contact_id = found[0]
        return Link(contentType=_CONTENT_TYPES[kind], id=str(contact_id))

    async def begin(
        self, account: str, call_session_id: int, wanted: WantedCard, lease_seconds: float
    ) -> bool:
        """Write down that a pop-up is about to be asked for; False: somebody else does, or the call is told already.

        :param lease_seconds: for how long the batch lane leaves the call alone: longer than any request
        """
        asked = {
            **_of(account, wanted),
            "call_session_id": call_session_id,
            "is_companion": wanted.is_companion,
            "told": wanted.told,
            "lease_seconds": lease_seconds,
            "due_in_seconds": lease_seconds,
        }
        async with self._pool.connection() as connection, connection.transaction():
            is_ours = await _returns(connection, "begin_card", asked) and (
                wanted.is_companion or await _returns(connection, "intend_live_call", asked)
            )
            if not is_ours:
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
        is_left: bool = False,
    ) -> None:
        """Note what a request has led to, in ``telephony.cards`` and, of a call's record, in the ledger.

        :param known: the card before the request; None if ``begin`` made it
        :param is_left: after an error: the card stays as it was, and this very change is not told again
        """
        asked: dict[str, Any] = {
            **_of(account, wanted),
            "call_session_id": call_session_id,
            "state": state,
            "known_state": "opening" if known is None else known.state,
            "known_told": wanted.told if known is None else known.told,
            "told": wanted.told if error is None or is_left else None,
            "employee_id": wanted.employee_id if error is None else None,
            "call_info_id": call_info_id,
            "history_hash": history_hash,
            "last_error": error,
            "is_over": error is None or is_left,
            "due_in_seconds": due_in_seconds,
        }
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(read_sql("settle_card"), asked)
            if wanted.is_companion:
                return
            if call_info_id is not None:
                await connection.execute(read_sql("confirm_live_call"), asked)
            elif state == "given_up":
                await connection.execute(read_sql("take_back_live_call"), asked)

    async def forget(self, account: str, call_session_id: int, wanted: WantedCard) -> None:
        """Take back what ``begin`` wrote: surely nothing was sent."""
        asked = {**_of(account, wanted), "call_session_id": call_session_id}
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute(read_sql("forget_card"), asked)
            if not wanted.is_companion:
                await connection.execute(read_sql("take_back_live_call"), asked)

    async def due(self, pause_seconds: float, *, everything: bool) -> list[tuple[str, int]]:
        """Return calls with pop-ups to look at again; ``everything``: with any that is not closed."""
        async with self._pool.connection() as connection:
            asked = {"everything": everything, "pause_seconds": pause_seconds}
            return await (await connection.execute(read_sql("claim_due_cards"), asked)).fetchall()

    async def latest_calls(self, seconds: float) -> list[tuple[str, int]]:
        """Return calls of which something was heard within so many seconds."""
        async with self._pool.connection() as connection:
            asked = {"seconds": seconds}
            return await (await connection.execute(read_sql("select_latest_calls"), asked)).fetchall()


def _of(account: str, wanted: WantedCard) -> dict[str, Any]:
    return {"account": account, "provider_id": wanted.provider_id, "employee_id": wanted.employee_id}


async def _returns(connection: AsyncConnection[Any], statement: str, asked: dict[str, Any]) -> bool:
    row = await (await connection.execute(read_sql(statement), asked)).fetchone()
    return row is not None

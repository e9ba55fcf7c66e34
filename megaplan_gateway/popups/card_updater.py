"""Brings the pop-ups of one call to where they should be: compare, then tell Megaplan the difference."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.options import Options
from megaplan_gateway.popups.card_table import CardTable
from megaplan_gateway.popups.lost_hang_ups import UnheardEnds
from megaplan_gateway.vendors.live_budget import BudgetSpentError
from megaplan_gateway.vendors.megaplan_client import Overtaken, OvertakenError
from megaplan_hook.exceptions import (
    MegaplanAPIError,
    MegaplanAuthError,
    MegaplanError,
    MegaplanNotFoundError,
    MegaplanRateLimitError,
    MegaplanValidationError,
)
from megaplan_sync.telephony.calls.call import Call
from megaplan_sync.telephony.live.card_bodies import (
    bare_end,
    changing_body,
    finishing_body,
    finishing_hash,
    opening_body,
)
from megaplan_sync.telephony.live.cards import (
    STALE_AFTER,
    Card,
    CardState,
    WantedCard,
    closing_all,
    to_do,
    wanted_cards,
)
from megaplan_sync.telephony.live.live_call import live_call
from megaplan_sync.telephony.push.exceptions import is_ambiguous, is_refusal

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 300.0
"""How often a pop-up of which nothing is heard is looked at: UIS may know of an end that was lost on the way."""
WAITS_SECONDS = (2.0, 5.0, 15.0, 60.0, 300.0)
"""Before a change that Megaplan did not take is told again; the last one holds for all further tries."""
MOST_TRIES = 150
"""Of one change: half a day. A card may wait on a screen until Megaplan is back, but not for good."""


class CallCards:
    """Pop-ups of calls; the caller sees to it that no two refreshes of one call run at once."""

    def __init__(
        self,
        table: CardTable,
        options: Options,
        metrics: Metrics,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._metrics = metrics
        self._now = now
        self._patience = options.megaplan_seconds
        self._ends = UnheardEnds()
        # a request with its wait, a login before it, and a margin
        self._lease_seconds = 3 * options.megaplan_seconds + 30

    async def refresh(
        self, account: Account, call_session_id: int, is_overtaken: Overtaken = lambda: False
    ) -> None:
        """Show what a call's events tell. What Megaplan does not take is left to a later look, or the batch lane.

        :param is_overtaken: says that more was heard of the call meanwhile, and another refresh will follow
        """
        state = await self._table.state_of(account.name, call_session_id)
        if not state.events:
            return
        live = live_call(state.events)
        now = self._now()
        wanted = wanted_cards(live, state.users, state.cards, now)
        if any(card.is_shown for card in state.cards) and await self._ends.has_ended(account, live.call, now):
            wanted = closing_all(live, state.cards)
        await self._bring_about(account, live.call, to_do(wanted, state.cards, now), is_overtaken)

    async def close_all(self, account: Account, call_session_id: int) -> None:
        """Close a call's pop-ups, whatever its events tell: nobody is to see any more of this account's calls."""
        state = await self._table.state_of(account.name, call_session_id)
        if not state.events:
            return
        live, now = live_call(state.events), self._now()
        await self._bring_about(
            account, live.call, to_do(closing_all(live, state.cards), state.cards, now), lambda: False
        )

    async def _bring_about(
        self,
        account: Account,
        call: Call,
        actions: list[tuple[WantedCard, Card | None]],
        is_overtaken: Overtaken,
    ) -> None:
        outcomes = await asyncio.gather(
            *(self._carry_out(account, call, *action, is_overtaken) for action in actions),
            return_exceptions=True,  # all of them end before the next refresh of this call
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _carry_out(
        self, account: Account, call: Call, wanted: WantedCard, card: Card | None, is_overtaken: Overtaken
    ) -> None:
        what = "open" if card is None else "finish" if wanted.phase == "finished" else "change"
        try:
            if card is None:
                outcome = await self._open(account, call, wanted, is_overtaken)
            else:
                outcome = await self._change(account, call, wanted, card)
        except (MegaplanError, BudgetSpentError) as error:
            outcome = type(error).__name__
            log.warning(
                "pop-up not told",
                extra={
                    "account": account.name,
                    "call": call.call_session_id,
                    "what": what,
                    "reason": _logged(error),
                },
            )
        self._metrics.popups.labels(what, outcome).inc()

    async def _open(self, account: Account, call: Call, wanted: WantedCard, is_overtaken: Overtaken) -> str:
        number = call.call_session_id
        datetime_format = account.settings.vendor_quirks.datetime_write_format
        client = await self._table.client_of(account.name, call.contact_phone)
        if not await self._table.begin(account.name, number, wanted, self._lease_seconds):
            return "not ours"
        body = opening_body(wanted, call, client=client, datetime_format=datetime_format)
        create = account.megaplan.create_call_info
        patience = self._patience
        if wanted.since is not None:  # what waits for its turn until it is stale is not sent
            left = (wanted.since + STALE_AFTER - self._now()).total_seconds()
            patience = min(patience, max(left, 1.0))
        try:
            try:
                made = await create(body, patience, is_overtaken)
            except MegaplanValidationError:
                if client is None:
                    raise
                # a client that is gone meanwhile: Megaplan has refused, so nothing was made
                body = opening_body(wanted, call, client=None, datetime_format=datetime_format)
                made = await create(body, patience, is_overtaken)
        except OvertakenError:
            await self._table.forget(account.name, number, wanted)
            return "overtaken"
        except (BudgetSpentError, MegaplanRateLimitError, MegaplanAuthError):
            # nothing was made, and the next event of the call may find it possible
            await self._table.forget(account.name, number, wanted)
            raise
        except MegaplanError as error:
            # whether a lost request was carried out only a look can tell: it is never repeated
            await self._table.settle(
                account.name,
                number,
                wanted,
                "opening" if is_ambiguous(error) else "given_up",
                known=None,
                due_in_seconds=self._lag(account),
                error=_told(error),
            )
            raise
        await self._table.settle(
            account.name,
            number,
            wanted,
            "open",
            known=None,
            due_in_seconds=LOOK_AGAIN_SECONDS,
            call_info_id=str(made["id"]),
        )
        return "ok"

    async def _change(self, account: Account, call: Call, wanted: WantedCard, card: Card) -> str:
        number, datetime_format = call.call_session_id, account.settings.vendor_quirks.datetime_write_format
        is_end = wanted.phase == "finished"
        body = finishing_body(wanted, call, self._now(), datetime_format) if is_end else changing_body(wanted)
        history_hash: str | None = None
        try:
            try:
                made = await self._send(account, card, body)
                if is_end:
                    history_hash = finishing_hash(wanted, call, str(made["id"]), datetime_format)
            except MegaplanValidationError:
                if not is_end:
                    raise
                # what else is told of the end (an employee who has left, say) must not keep it on the screen
                made = await self._send(account, card, bare_end(wanted, call, self._now(), datetime_format))
        except (MegaplanError, BudgetSpentError) as error:
            await self._not_taken(account, number, wanted, card, error)
            raise
        await self._table.settle(
            account.name,
            number,
            wanted,
            "closed" if is_end else "open",
            known=card,
            due_in_seconds=LOOK_AGAIN_SECONDS,
            call_info_id=str(made["id"]),
            history_hash=history_hash,
        )
        return "ok"

    async def _send(self, account: Account, card: Card, body: dict[str, Any]) -> dict[str, Any]:
        if card.call_info_id is not None:
            return await account.megaplan.update_call_info(card.call_info_id, body, self._patience)
        return await account.megaplan.update_call_info_by_provider(card.provider_id, body, self._patience)

    async def _not_taken(
        self, account: Account, number: int, wanted: WantedCard, card: Card, error: Exception
    ) -> None:
        """Note a failed change: once more later, unless Megaplan refuses just this.

        A refused change leaves the card where it is, so that its end is still told; a refused end is given up.
        """
        may_pass = (
            isinstance(error, BudgetSpentError | MegaplanRateLimitError)
            # also refused credentials: somebody has changed the password, and will change the connection
            or (isinstance(error, MegaplanError) and not is_refusal(error))
            # what was asked for a moment ago may not be readable yet
            or (card.call_info_id is None and isinstance(error, MegaplanNotFoundError) and card.tries < 3)
        )
        state: CardState = card.state
        if may_pass and card.tries < MOST_TRIES:
            pause = WAITS_SECONDS[min(card.tries, len(WAITS_SECONDS) - 1)]
            seconds, is_left = max(pause, self._lag_of_unsure(account, card)), False
        else:
            seconds, is_left = LOOK_AGAIN_SECONDS, wanted.phase != "finished"
            state = state if is_left else "given_up"
        await self._table.settle(
            account.name,
            number,
            wanted,
            state,
            known=card,
            due_in_seconds=seconds,
            error=_told(error),
            is_left=is_left,
        )

    def _lag(self, account: Account) -> float:
        return max(1.0, account.settings.vendor_quirks.read_lag_seconds)

    def _lag_of_unsure(self, account: Account, card: Card) -> float:
        return self._lag(account) if card.call_info_id is None else 0.0


def _told(error: Exception) -> str:
    return str(error) or type(error).__name__


def _logged(error: Exception) -> str:
    """Return what may be logged: of an answer its status, since Megaplan's own words may repeat a number."""
    if isinstance(error, BudgetSpentError):
        return "no request left in time"
    if isinstance(error, MegaplanAPIError):
        return f"Megaplan answered {error.status} to {error.path}; telephony.cards has its words"
    return str(error)

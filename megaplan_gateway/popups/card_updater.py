"""Updates the pop-ups of a call: compares them with what its events require, and sends Megaplan the difference."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from megaplan_gateway.accounts.account import Account
from megaplan_gateway.metrics import Metrics
from megaplan_gateway.options import Options
from megaplan_gateway.popups.card_claims import CardClaim, CardClaims
from megaplan_gateway.popups.card_table import CardTable
from megaplan_gateway.popups.lost_hang_ups import LostHangUps
from megaplan_gateway.popups.uis_clocks import UisClocks
from megaplan_gateway.vendors.live_budget import BudgetSpentError, ObsoleteError
from megaplan_gateway.vendors.urgency import Urgency
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
from megaplan_sync.telephony.push.left_out import why_left_out

log = logging.getLogger(__name__)

RECHECK_SECONDS = 300.0
"""How often an open pop-up without new events is checked, since the call's final notification may be lost."""
RETRY_SCHEDULE_SECONDS = (2.0, 5.0, 15.0, 60.0, 300.0)
"""Delays between attempts to send a change; the last one repeats."""
MAX_ATTEMPTS = 150
"""Of one change, about half a day: a card outlives an outage of Megaplan, but not for ever."""


HasHappened = Callable[[], bool]


class CardUpdater:
    """Updates pop-ups. The caller must not run two refreshes of the same call at once."""

    def __init__(
        self,
        table: CardTable,
        uis_clocks: UisClocks,
        options: Options,
        metrics: Metrics,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._table = table
        self._uis_clocks = uis_clocks
        self._metrics = metrics
        self._now = now
        self._timeout = options.megaplan_seconds
        self.lost_hang_ups = LostHangUps()
        # up to two requests, each with its login and its wait for the budget, and a margin
        self._claims = CardClaims(table, lease_seconds=3 * options.megaplan_seconds + 30)

    async def refresh(
        self, account: Account, call_session_id: int, is_outdated: HasHappened, has_lapsed: HasHappened
    ) -> None:
        """Bring a call's pop-ups in line with its events.

        Failed changes are left to a later refresh or to the batch lane.

        :param is_outdated: returns whether newer events have arrived, so that another refresh will follow
        :param has_lapsed: returns whether another gateway may have the call by now
        """
        await self._claims.undo_unsure(account.name, call_session_id)
        call, actions = await self._plan(account, call_session_id)
        if call is not None:
            await self._apply(account, call, actions, is_outdated, has_lapsed)

    async def close_all(self, account: Account, call_session_id: int, has_lapsed: HasHappened) -> None:
        """Close a call's pop-ups regardless of its events, because the account is no longer served."""
        state = await self._table.state_of(account.name, call_session_id)
        if not state.events:
            return
        live, now = live_call(state.events, _region(account)), self._uis_now(account)
        actions = to_do(closing_all(live, state.cards), state.cards, now)
        await self._apply(account, live.call, actions, lambda: False, has_lapsed)

    async def _plan(
        self, account: Account, call_session_id: int
    ) -> tuple[Call | None, list[tuple[WantedCard, Card | None]]]:
        """Return a call, None if it has no events, and what is to be done about its pop-ups."""
        state = await self._table.state_of(account.name, call_session_id)
        if not state.events:
            return None, []
        live = live_call(state.events, _region(account))
        now = self._uis_now(account)
        if why_left_out(live.call, account.settings):
            wanted = closing_all(live, state.cards)
        else:
            to_each = account.settings.vendor_quirks.group_pop_ups == "each"
            wanted = wanted_cards(live, state.users, state.cards, now, to_each=to_each)
        is_shown = any(card.is_shown for card in state.cards)
        if is_shown and await self.lost_hang_ups.has_ended(account, live.call, now):
            wanted = closing_all(live, state.cards)
        return live.call, to_do(wanted, state.cards, now)

    def _uis_now(self, account: Account) -> datetime:
        """Return the time by UIS's clock, which the times of the call's events are of."""
        return self._now() - self._uis_clocks.difference(account.name)

    async def _apply(
        self,
        account: Account,
        call: Call,
        actions: list[tuple[WantedCard, Card | None]],
        is_outdated: HasHappened,
        has_lapsed: HasHappened,
    ) -> None:
        outcomes = await asyncio.gather(
            *(self._apply_one(account, call, *action, is_outdated, has_lapsed) for action in actions),
            return_exceptions=True,  # all must end before the next refresh of this call
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome

    async def _apply_one(
        self,
        account: Account,
        call: Call,
        wanted: WantedCard,
        card: Card | None,
        is_outdated: HasHappened,
        has_lapsed: HasHappened,
    ) -> None:
        what = "open" if card is None else "finish" if wanted.phase == "finished" else "change"
        try:
            if card is None:
                outcome = await self._open(account, call, wanted, is_outdated, has_lapsed)
            else:
                outcome = await self._change(account, call, wanted, card, has_lapsed)
        except ObsoleteError:
            outcome = "overtaken"
        except (MegaplanError, BudgetSpentError) as error:
            outcome = type(error).__name__
            extra = {"account": account.name, "call": call.call_session_id, "what": what}
            log.warning("pop-up not updated", extra={**extra, "reason": _loggable(error)})
        self._metrics.popups.labels(what, outcome).inc()

    async def _create(
        self, account: Account, body: dict[str, Any], wanted: WantedCard, timeout: float, claim: CardClaim
    ) -> dict[str, Any]:
        """Create a pop-up's object; after a 429, which creates nothing, try again while it is not too late."""
        urgency = Urgency.OTHER if wanted.is_companion else Urgency.CARD
        until = time.monotonic() + timeout
        while True:
            left = until - time.monotonic()
            try:
                return await account.megaplan.create_call_info(
                    body, left, claim.is_obsolete, claim.make, urgency
                )
            except MegaplanRateLimitError:
                await claim.undo()
                if time.monotonic() >= until:
                    raise

    async def _open(
        self,
        account: Account,
        call: Call,
        wanted: WantedCard,
        is_outdated: HasHappened,
        has_lapsed: HasHappened,
    ) -> str:
        number = call.call_session_id

        async def is_obsolete() -> bool:
            if has_lapsed() or not is_outdated():
                return has_lapsed()
            _, actions = await self._plan(account, number)  # another telephone rings, or the call is over?
            contents = [one.content for one, card in actions if card is None]
            return wanted.content not in contents

        datetime_format = account.settings.vendor_quirks.datetime_write_format
        client = await self._table.client_of(account.name, call.contact_phone, _region(account))
        body = opening_body(wanted, call, client=client, datetime_format=datetime_format)
        timeout = self._timeout
        if wanted.since is not None:  # do not send a pop-up that is stale by the time the budget allows it
            left = (wanted.since + STALE_AFTER - self._uis_now(account)).total_seconds()
            timeout = min(timeout, max(left, 1.0))
        claim = self._claims.of(account.name, number, wanted, is_obsolete)
        try:
            try:
                created = await self._create(account, body, wanted, timeout, claim)
            except MegaplanValidationError:
                if client is None:
                    raise
                # the client may have been deleted; Megaplan rejected the request, so nothing was created
                body = opening_body(wanted, call, client=None, datetime_format=datetime_format)
                created = await self._create(account, body, wanted, timeout, claim)
        except (ObsoleteError, BudgetSpentError, MegaplanRateLimitError, MegaplanAuthError):
            # nothing was created, and the call's next event is another chance
            await claim.undo()
            raise
        except MegaplanError as error:
            if not claim.is_made:  # the login has failed
                raise
            # a request with unknown outcome is never repeated; a later lookup resolves it
            await self._table.settle(
                account.name,
                number,
                wanted,
                "opening" if is_ambiguous(error) else "given_up",
                known=None,
                due_in_seconds=self._read_lag(account),
                error=_message(error),
            )
            raise
        await self._table.settle(
            account.name,
            number,
            wanted,
            "open",
            known=None,
            due_in_seconds=RECHECK_SECONDS,
            call_info_id=str(created["id"]),
        )
        return "ok"

    async def _change(
        self, account: Account, call: Call, wanted: WantedCard, card: Card, has_lapsed: HasHappened
    ) -> str:
        number, datetime_format = call.call_session_id, account.settings.vendor_quirks.datetime_write_format
        is_end = wanted.phase == "finished"
        body = finishing_body(wanted, call, self._now(), datetime_format) if is_end else changing_body(wanted)
        history_hash: str | None = None
        try:
            try:
                updated = await self._send(account, card, body, has_lapsed)
                if is_end:
                    history_hash = finishing_hash(wanted, call, str(updated["id"]), datetime_format)
            except MegaplanValidationError:
                if not is_end:
                    raise
                # a rejected detail, such as an employee who has left, must not keep the card on the screen
                body = bare_end(wanted, call, self._now(), datetime_format)
                updated = await self._send(account, card, body, has_lapsed)
        except (MegaplanError, BudgetSpentError) as error:
            await self._save_failure(account, number, wanted, card, error)
            raise
        await self._table.settle(
            account.name,
            number,
            wanted,
            "closed" if is_end else "open",
            known=card,
            due_in_seconds=RECHECK_SECONDS,
            call_info_id=str(updated["id"]),
            history_hash=history_hash,
        )
        return "ok"

    async def _send(
        self, account: Account, card: Card, body: dict[str, Any], has_lapsed: HasHappened
    ) -> dict[str, Any]:
        megaplan = account.megaplan

        async def is_obsolete() -> bool:
            return has_lapsed()

        if card.call_info_id is not None:
            return await megaplan.update_call_info(card.call_info_id, body, self._timeout, is_obsolete)
        return await megaplan.update_call_info_by_provider(card.provider_id, body, self._timeout, is_obsolete)

    async def _save_failure(
        self, account: Account, number: int, wanted: WantedCard, card: Card, error: Exception
    ) -> None:
        """Schedule a retry of a failed change, unless Megaplan rejected the change itself.

        After a rejected change the card stays as it is, and its end is still sent; a rejected end is given up.
        """
        is_retryable = (
            isinstance(error, BudgetSpentError | MegaplanRateLimitError)
            # includes rejected credentials: after a password change somebody will correct the connection
            or (isinstance(error, MegaplanError) and not is_refusal(error))
            # a new object may not be readable yet
            or (card.call_info_id is None and isinstance(error, MegaplanNotFoundError) and card.tries < 3)
        )
        state: CardState = card.state
        if is_retryable and card.tries < MAX_ATTEMPTS:
            delay = RETRY_SCHEDULE_SECONDS[min(card.tries, len(RETRY_SCHEDULE_SECONDS) - 1)]
            lag = self._read_lag(account) if card.call_info_id is None else 0.0
            seconds, is_skipped = max(delay, lag), False
        else:
            seconds, is_skipped = RECHECK_SECONDS, wanted.phase != "finished"
            state = state if is_skipped else "given_up"
        await self._table.settle(
            account.name,
            number,
            wanted,
            state,
            known=card,
            due_in_seconds=seconds,
            error=_message(error),
            is_skipped=is_skipped,
        )

    def _read_lag(self, account: Account) -> float:
        return max(1.0, account.settings.vendor_quirks.read_lag_seconds)


def _region(account: Account) -> str:
    return account.settings.vendor_quirks.default_phone_region


def _message(error: Exception) -> str:
    return str(error) or type(error).__name__


def _loggable(error: Exception) -> str:
    """Return a reason without personal data; Megaplan's own message may repeat a phone number."""
    if isinstance(error, BudgetSpentError):
        return "request budget exhausted"
    if isinstance(error, MegaplanAPIError):
        return f"Megaplan answered {error.status} to {error.path}; see telephony.cards.last_error"
    return str(error)

"""First stage: Megaplan gets the finished call itself.

What the live lane made is completed by the exchange's id; anything else goes through ``/callInfo/history``, many in
one request. Whether that route finds a known call by its ``providerId`` is only promised by the vendor's page, so a
request whose answer is ambiguous is never repeated before looking.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from megaplan_hook.exceptions import MegaplanError, MegaplanNotFoundError
from megaplan_hook.links import Link
from megaplan_sync.telephony.push.call_info import call_info, call_type, told_hash
from megaplan_sync.telephony.push.delivery import Delivery, Verdict
from megaplan_sync.telephony.push.exceptions import is_ambiguous, is_refusal
from megaplan_sync.telephony.push.stage_context import PushTools

CALLS_PER_REQUEST = 50
_ABOUT_ONE_CALL = (400, 409, 413, 422)
"""Statuses that speak of what was sent; others (403, 404, 405) rather speak of the route or the user's rights."""


class CallHistory:
    """Brings finished calls into Megaplan."""

    def __init__(self, tools: PushTools) -> None:
        self._tools = tools
        self._hook = tools.hook
        self._ledger = tools.ledger

    def push_batch(self) -> int:
        """Handle a batch of what is due; return how many calls that were.

        :raises MegaplanError: when Megaplan cannot be worked with now; the ledger knows how far everything came.
        """
        claimed = self._ledger.claim("history", CALLS_PER_REQUEST)
        wanted = [delivery for delivery in claimed if self._is_to_be_told(delivery)]
        to_send, told = [], []
        for delivery in wanted:
            if delivery.history == "unsure":
                found = self._look(delivery)
                if found is None:
                    continue
                delivery = found
            if self._is_told_already(delivery):
                told.append(self._done(delivery, delivery.call_info_id))
            elif delivery.made_live:
                self._complete(delivery)
            else:
                to_send.append(delivery)
        self._tools.settle("history", *told)
        for batch in _in_batches(to_send):
            self._send(batch)
        return len(claimed)

    def _is_to_be_told(self, delivery: Delivery) -> bool:
        """Say so, or settle why not."""
        pace = self._tools.pace
        if delivery.is_internal:
            told = "colleagues among themselves: no client, nothing to tell"
            self._tools.settle("history", Verdict(delivery.call_session_id, "none", error=told))
            return False
        if delivery.employee_id is None and delivery.uis_employee_id is not None:
            told = (
                f"UIS employee {delivery.uis_employee_id} is not among the users of Megaplan's telephony, so "
                "nothing is told of this call; see telephony.mismatches"
            )
            is_over = delivery.age_seconds > pace.unmapped_patience_seconds
            verdict = Verdict(
                delivery.call_session_id,
                "none" if is_over else delivery.history,
                pace.unmapped_wait_seconds,
                error=told,
            )
            self._tools.settle("history", verdict)
            return False
        if call_type(delivery) is None:
            told = (
                f"a call {delivery.direction} that was {delivery.outcome} is of no kind that Megaplan knows"
            )
            verdict = self._tools.again("history", delivery, told)
            self._tools.settle("history", replace(verdict, more_tries=1))
            return False
        return True

    def _is_told_already(self, delivery: Delivery) -> bool:
        return delivery.call_info_id is not None and delivery.history_hash == self._hash(delivery)

    def _look(self, delivery: Delivery) -> Delivery | None:
        """Find out whether Megaplan has the call; None when that settles it."""
        try:
            card = self._hook.call_info_by_provider(delivery.provider_id)
        except MegaplanNotFoundError:
            return replace(delivery, call_info_id=None, made_live=False)
        except MegaplanError as error:
            if is_refusal(error):
                verdict = replace(self._tools.again("history", delivery, error), more_tries=1)
                state = "unsure" if verdict.state == "due" else verdict.state
                self._tools.settle("history", replace(verdict, state=state))
                return None
            raise
        is_ours = delivery.history_tries > 0  # what somebody else made may lack something
        if is_ours and card.get("state") == "finished" and card.get("type") == call_type(delivery):
            self._tools.settle("history", self._done(delivery, str(card["id"])))
            return None
        return replace(delivery, call_info_id=str(card["id"]), history_hash=None)

    def _complete(self, delivery: Delivery) -> None:
        """Complete the call object that the live lane made; doing so twice changes nothing."""
        changes = self._told(delivery)
        if delivery.call_info_id is not None:
            changes["id"] = delivery.call_info_id
        try:
            card = self._hook.update_call_info_by_provider(delivery.provider_id, changes)
        except MegaplanNotFoundError as error:
            verdict = Verdict(
                delivery.call_session_id,
                "unsure",
                self._tools.pace.read_lag_seconds,
                error=f"the live lane's call is not there: {error}",
                forget_call=True,
            )
            self._tools.settle("history", verdict)
        except MegaplanError as error:
            if not (is_ambiguous(error) or is_refusal(error)):
                raise
            self._tools.settle(
                "history", replace(self._tools.again("history", delivery, error), more_tries=1)
            )
            if is_ambiguous(error):
                raise
        else:
            self._tools.settle("history", self._done(delivery, str(card["id"])))

    def _send(self, batch: Sequence[Delivery]) -> None:
        """Import calls with one request; one that is refused stops no other."""
        numbers = [delivery.call_session_id for delivery in batch]
        told = [self._told(delivery) for delivery in batch]
        self._ledger.intend("history", numbers)
        try:
            cards = self._hook.push_call_history(told)
        except MegaplanError as error:
            self._send_failed(batch, error)
            return
        ids = {str(card.get("providerId")): str(card["id"]) for card in cards if card.get("id") is not None}
        verdicts = []
        for delivery in batch:
            call_info_id = ids.get(delivery.provider_id)
            if call_info_id is None:
                pace = self._tools.pace
                verdict = Verdict(
                    delivery.call_session_id,
                    "unsure",
                    pace.read_lag_seconds,
                    error="Megaplan's answer does not name the call",
                )
            else:
                verdict = self._done(delivery, call_info_id)
            verdicts.append(verdict)
        self._tools.settle("history", *verdicts)

    def _send_failed(self, batch: Sequence[Delivery], error: MegaplanError) -> None:
        settle, tools = self._tools.settle, self._tools
        if is_ambiguous(error):
            settle("history", *(tools.look_later("history", delivery, error) for delivery in batch))
            raise error
        if not is_refusal(
            error
        ):  # no rights to log in, 429 to the end: it was not carried out, and is no try
            settle("history", *(_untried(delivery) for delivery in batch))
            raise error
        if len(batch) == 1:
            settle("history", self._refused(batch[0], error))
        elif getattr(error, "status", None) not in _ABOUT_ONE_CALL:
            settle("history", *(tools.again("history", delivery, error) for delivery in batch))
            raise error
        elif self._was_partly_carried_out(batch):
            settle("history", *(tools.look_later("history", delivery, error) for delivery in batch))
        else:
            settle("history", *(replace(_untried(delivery), keep_claim=True) for delivery in batch))
            self._send(batch[: len(batch) // 2])
            self._send(batch[len(batch) // 2 :])

    def _was_partly_carried_out(self, batch: Sequence[Delivery]) -> bool:
        """Look whether a refused batch has left anything: whether Megaplan checks all before it writes is unknown.

        The first and the last call tell, in whatever order it goes through them.
        """
        unknown = [delivery for delivery in batch if delivery.call_info_id is None]
        if not unknown:
            return False
        self._tools.sleep(self._tools.pace.read_lag_seconds)
        for delivery in (unknown[0], *unknown[1:][-1:]):
            try:
                self._hook.call_info_by_provider(delivery.provider_id)
            except MegaplanNotFoundError:
                continue
            return True
        return False

    def _refused(self, delivery: Delivery, error: MegaplanError) -> Verdict:
        fields = {detail["field"] for detail in getattr(error, "errors", ())}
        if delivery.call_info_id is not None and (isinstance(error, MegaplanNotFoundError) or "id" in fields):
            verdict = self._tools.again("history", delivery, error, forget_call=True)
            return replace(verdict, state="unsure") if verdict.state == "due" else verdict
        return self._tools.again("history", delivery, error)

    def _told(self, delivery: Delivery) -> dict[str, Any]:
        return self._body(delivery, self._client(delivery))

    def _body(self, delivery: Delivery, client: Link | None) -> dict[str, Any]:
        datetime_format = self._hook.settings.vendor_quirks.datetime_write_format
        told = call_info(delivery, client=client, datetime_format=datetime_format)
        return told if delivery.call_info_id is None else {**told, "id": delivery.call_info_id}

    def _client(self, delivery: Delivery) -> Link | None:
        """Return the client if the raw tables leave no doubt; otherwise Megaplan searches by the number."""
        known = self._tools.clients.known(delivery.contact_phone, delivery.employee_id)
        return known[0] if len(known) == 1 else None

    def _done(self, delivery: Delivery, call_info_id: str | None) -> Verdict:
        return Verdict(
            delivery.call_session_id,
            "done",
            call_info_id=call_info_id,
            history_hash=self._hash(replace(delivery, call_info_id=call_info_id)),
            call_changed_at=delivery.call_changed_at,
        )

    def _hash(self, delivery: Delivery) -> str:
        """Return the hash of what is told; who the client is has no part in it and need not be looked up."""
        return told_hash(self._body(delivery, None))


def _untried(delivery: Delivery) -> Verdict:
    """Take back an intent that was not carried out."""
    return Verdict(delivery.call_session_id, "due", more_tries=-1)


def _in_batches(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """Cut into requests: what was tried in vain goes in smaller company, in the end alone."""
    batches: list[list[Delivery]] = []
    for delivery in deliveries:
        room = max(1, CALLS_PER_REQUEST >> (2 * delivery.history_tries))
        newest = batches[-1] if batches else None
        if newest is None or len(newest) >= room or newest[0].history_tries != delivery.history_tries:
            batches.append([delivery])
        else:
            newest.append(delivery)
    return batches

"""First stage: the finished call itself.

A call object that the live lane created is completed by the exchange's id; all others go through
``/callInfo/history``, many in one request. That this route finds a known call by its ``providerId`` is documented but
unproven, so a request with an unknown outcome is never repeated before Megaplan was asked what it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from megaplan_hook.exceptions import MegaplanError, MegaplanNotFoundError
from megaplan_hook.links import Link
from megaplan_sync.telephony.push.call_info import call_info, call_type, payload_hash
from megaplan_sync.telephony.push.delivery import UNKNOWN_OUTCOME, Delivery, StageResult
from megaplan_sync.telephony.push.exceptions import is_ambiguous, is_refusal
from megaplan_sync.telephony.push.stage_context import StageContext

CALLS_PER_REQUEST = 50
_CONTENT_STATUSES = (400, 409, 413, 422)
"""Statuses that concern the calls sent; others (403, 404, 405) rather concern the route or the user's rights."""


class HistoryStage:
    """Delivers finished calls to Megaplan."""

    def __init__(self, context: StageContext) -> None:
        self._context = context
        self._hook = context.hook
        self._outbox = context.outbox

    def push_batch(self) -> int:
        """Deliver a batch of calls; return how many were due.

        :raises MegaplanError: a request to Megaplan has failed; the outbox has the state of each call
        """
        claimed = self._outbox.claim("history", CALLS_PER_REQUEST)
        deliverable = [delivery for delivery in claimed if self._is_deliverable(delivery)]
        to_send, up_to_date = [], []
        for delivery in deliverable:
            if delivery.history == UNKNOWN_OUTCOME:
                found = self._verify(delivery)
                if found is None:
                    continue
                delivery = found
            if delivery.call_info_id is not None and delivery.history_hash == self._hash(delivery):
                up_to_date.append(self._done(delivery, delivery.call_info_id))
            elif delivery.made_live:
                self._complete(delivery)
            else:
                to_send.append(delivery)
        self._context.settle("history", *up_to_date)
        for batch in _in_batches(to_send):
            self._send(batch)
        return len(claimed)

    def _is_deliverable(self, delivery: Delivery) -> bool:
        """Return whether the call can be delivered; otherwise settle it with the reason."""
        schedule, number = self._context.schedule, delivery.call_session_id
        if delivery.is_internal:
            reason = "internal call between colleagues: not delivered to Megaplan"
            result = StageResult(number, "none", error=reason)
        elif delivery.employee_id is None and delivery.uis_employee_id is not None:
            reason = (
                f"UIS employee {delivery.uis_employee_id} is not among the users of Megaplan's telephony, so "
                "this call is not delivered; see telephony.mismatches"
            )
            is_over = delivery.age_seconds > schedule.unmapped_timeout_seconds
            state = "none" if is_over else delivery.history
            result = StageResult(number, state, schedule.unmapped_delay_seconds, error=reason)
        elif call_type(delivery) is None:
            reason = (
                f"Megaplan has no call type for direction {delivery.direction} and outcome {delivery.outcome}"
            )
            result = replace(self._context.retry_later("history", delivery, reason), more_tries=1)
        else:
            return True
        self._context.settle("history", result)
        return False

    def _verify(self, delivery: Delivery) -> Delivery | None:
        """Find out whether Megaplan has the call; None if nothing is left to send."""
        try:
            card = self._hook.call_info_by_provider(delivery.provider_id)
        except MegaplanNotFoundError:
            return replace(delivery, call_info_id=None, made_live=False)
        except MegaplanError as error:
            if is_refusal(error):
                result = replace(self._context.retry_later("history", delivery, error), more_tries=1)
                state = UNKNOWN_OUTCOME if result.state == "due" else result.state
                self._context.settle("history", replace(result, state=state))
                return None
            raise
        is_ours = delivery.history_tries > 0  # a call created by somebody else may be incomplete
        if is_ours and card.get("state") == "finished" and card.get("type") == call_type(delivery):
            self._context.settle("history", self._done(delivery, str(card["id"])))
            return None
        return replace(delivery, call_info_id=str(card["id"]), history_hash=None)

    def _complete(self, delivery: Delivery) -> None:
        """Complete the call object that the live lane created, which is idempotent."""
        changes = self._body(delivery, self._client(delivery))
        try:
            card = self._hook.update_call_info_by_provider(delivery.provider_id, changes)
        except MegaplanNotFoundError as error:
            result = StageResult(
                delivery.call_session_id,
                UNKNOWN_OUTCOME,
                self._context.schedule.read_lag_seconds,
                error=f"Megaplan does not have the live lane's call: {error}",
                forget_call=True,
            )
            self._context.settle("history", result)
        except MegaplanError as error:
            if not (is_ambiguous(error) or is_refusal(error)):
                raise
            self._context.settle(
                "history", replace(self._context.retry_later("history", delivery, error), more_tries=1)
            )
            if is_ambiguous(error):
                raise
        else:
            self._context.settle("history", self._done(delivery, str(card["id"])))

    def _send(self, batch: Sequence[Delivery]) -> None:
        """Import calls with one request; a refused call does not stop the others."""
        bodies = [self._body(delivery, self._client(delivery)) for delivery in batch]
        self._outbox.intend("history", [delivery.call_session_id for delivery in batch])
        try:
            cards = self._hook.push_call_history(bodies)
        except MegaplanError as error:
            self._handle_failure(batch, error)
            return
        ids = {str(card.get("providerId")): str(card["id"]) for card in cards if card.get("id") is not None}
        results = []
        for delivery in batch:
            call_info_id = ids.get(delivery.provider_id)
            if call_info_id is None:
                result = StageResult(
                    delivery.call_session_id,
                    UNKNOWN_OUTCOME,
                    self._context.schedule.read_lag_seconds,
                    error="Megaplan's answer does not contain the call",
                )
            else:
                result = self._done(delivery, call_info_id)
            results.append(result)
        self._context.settle("history", *results)

    def _handle_failure(self, batch: Sequence[Delivery], error: MegaplanError) -> None:
        context = self._context
        if is_ambiguous(error):
            context.settle("history", *(context.verify_later("history", each, error) for each in batch))
            raise error
        if not is_refusal(error):  # login refused, or 429 to the end: not carried out, so not an attempt
            context.settle("history", *(_untried(each) for each in batch))
            raise error
        if len(batch) == 1:
            context.settle("history", self._refused(batch[0], error))
        elif getattr(error, "status", None) not in _CONTENT_STATUSES:
            context.settle("history", *(context.retry_later("history", each, error) for each in batch))
            raise error
        elif self._was_partly_carried_out(batch):
            context.settle("history", *(context.verify_later("history", each, error) for each in batch))
        else:
            context.settle("history", *(replace(_untried(each), keep_claim=True) for each in batch))
            self._send(batch[: len(batch) // 2])
            self._send(batch[len(batch) // 2 :])

    def _was_partly_carried_out(self, batch: Sequence[Delivery]) -> bool:
        """Check whether a refused batch left anything: Megaplan may or may not validate all calls before writing.

        The first and the last call suffice, whatever the order of writing.
        """
        unknown = [delivery for delivery in batch if delivery.call_info_id is None]
        if not unknown:
            return False
        self._context.sleep(self._context.schedule.read_lag_seconds)
        for delivery in (unknown[0], *unknown[1:][-1:]):
            try:
                self._hook.call_info_by_provider(delivery.provider_id)
            except MegaplanNotFoundError:
                continue
            return True
        return False

    def _refused(self, delivery: Delivery, error: MegaplanError) -> StageResult:
        fields = {detail["field"] for detail in getattr(error, "errors", ())}
        if delivery.call_info_id is not None and (isinstance(error, MegaplanNotFoundError) or "id" in fields):
            result = self._context.retry_later("history", delivery, error, forget_call=True)
            return replace(result, state=UNKNOWN_OUTCOME) if result.state == "due" else result
        return self._context.retry_later("history", delivery, error)

    def _body(self, delivery: Delivery, client: Link | None) -> dict[str, Any]:
        datetime_format = self._hook.settings.vendor_quirks.datetime_write_format
        body = call_info(delivery, client=client, datetime_format=datetime_format)
        return body if delivery.call_info_id is None else {**body, "id": delivery.call_info_id}

    def _client(self, delivery: Delivery) -> Link | None:
        """Return the client if the raw tables have exactly one; otherwise Megaplan searches by the number."""
        known = self._context.clients.known(delivery.contact_phone, delivery.employee_id)
        return known[0] if len(known) == 1 else None

    def _done(self, delivery: Delivery, call_info_id: str | None) -> StageResult:
        return StageResult(
            delivery.call_session_id,
            "done",
            call_info_id=call_info_id,
            history_hash=self._hash(replace(delivery, call_info_id=call_info_id)),
            call_changed_at=delivery.call_changed_at,
        )

    def _hash(self, delivery: Delivery) -> str:
        """Return the hash of the call; the client is not part of it and need not be looked up."""
        return payload_hash(self._body(delivery, None))


def _untried(delivery: Delivery) -> StageResult:
    """Revoke an intent whose request was not carried out."""
    return StageResult(delivery.call_session_id, "due", more_tries=-1)


def _in_batches(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """Split into requests: the more failed attempts, the smaller the batch, down to a single call."""
    batches: list[list[Delivery]] = []
    for delivery in deliveries:
        room = max(1, CALLS_PER_REQUEST >> (2 * delivery.history_tries))
        newest = batches[-1] if batches else None
        if newest is None or len(newest) >= room or newest[0].history_tries != delivery.history_tries:
            batches.append([delivery])
        else:
            newest.append(delivery)
    return batches

"""First stage: the finished call itself.

A call object whose pop-up is on a screen is completed by the exchange's id, which the widget hears of; all others go
through ``/callInfo/history``, many in one request. That this route updates known calls is documented but unproven: a
known call is updated by its id until that is learned, and a request with an unknown outcome is never repeated before
Megaplan was asked what it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from megaplan_hook.exceptions import MegaplanError, MegaplanNotFoundError
from megaplan_hook.links import Link
from megaplan_sync.telephony.push.call_info import call_info, call_type, differences, sent_hash
from megaplan_sync.telephony.push.delivery import FAILED, UNKNOWN_OUTCOME, Delivery, StageResult
from megaplan_sync.telephony.push.exceptions import is_ambiguous, is_refusal
from megaplan_sync.telephony.push.left_out import why_left_out
from megaplan_sync.telephony.push.plausibility import why_implausible
from megaplan_sync.telephony.push.stage_context import StageContext

CALLS_PER_REQUEST = 50
HISTORY_UPDATES = "history_updates"
"""Learned topic: whether ``/callInfo/history`` updates the call with the given id, yes or no."""
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
            if delivery.stage("history").state == UNKNOWN_OUTCOME:
                found = self._verify(delivery)
                if found is None:
                    continue
                delivery = found
            is_known = delivery.call_info_id is not None
            if is_known and delivery.stage("history").sent == sent_hash(delivery, self._hook.settings):
                up_to_date.append(self._done(delivery, delivery.call_info_id))
            elif delivery.is_shown or (is_known and self._outbox.learned(HISTORY_UPDATES) != "yes"):
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
        elif delivery.call_info_id is None and (setting := why_left_out(delivery, self._hook.settings)):
            result = StageResult(number, "none", error=f"left out by the setting {setting}")
        elif problem := why_implausible(delivery):
            result = StageResult(number, FAILED, error=f"not told to Megaplan, as {problem}")
        elif delivery.employee_id is None and delivery.uis_employee_id is not None:
            reason = (
                f"UIS employee {delivery.uis_employee_id} is not among the users of Megaplan's telephony, so "
                "this call is not delivered; see telephony.mismatches"
            )
            is_over = delivery.age_seconds > schedule.unmapped_timeout_seconds
            state = "none" if is_over else delivery.stage("history").state
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
        """Find out whether Megaplan has the call as it should be; None if nothing is left to send."""
        try:
            card = self._hook.call_info_by_provider(delivery.provider_id)
        except MegaplanNotFoundError:
            return _with_history(replace(delivery, is_shown=False), result_id=None, sent=None)
        except MegaplanError as error:
            if is_refusal(error):
                result = replace(self._context.retry_later("history", delivery, error), more_tries=1)
                state = UNKNOWN_OUTCOME if result.state == "due" else result.state
                self._context.settle("history", replace(result, state=state))
                return None
            raise
        known = _with_history(delivery, result_id=str(card["id"]), sent=None)
        if differences(self._body(known, None), card):
            return known
        self._context.settle("history", self._done(delivery, str(card["id"])))
        return None

    def _complete(self, delivery: Delivery) -> None:
        """Complete a known call object, which is idempotent; the pop-up of a live one is told."""
        changes = self._body(delivery, self._client(delivery))
        try:
            if delivery.is_shown:
                card = self._hook.update_call_info_by_provider(delivery.provider_id, changes)
            else:
                card = self._hook.update_call_info(str(delivery.call_info_id), changes)
        except MegaplanNotFoundError as error:
            result = StageResult(
                delivery.call_session_id,
                UNKNOWN_OUTCOME,
                self._context.schedule.read_lag_seconds,
                error=f"Megaplan does not have the call any more: {error}",
                forget=True,
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
            result = self._context.retry_later("history", delivery, error, forget=True)
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
        sent = sent_hash(_with_history(delivery, result_id=call_info_id), self._hook.settings)
        return StageResult(
            delivery.call_session_id,
            "done",
            result_id=call_info_id,
            sent=sent,
            affects_others=delivery.has_made_other_than("history"),
        )


def _with_history(delivery: Delivery, **changes: Any) -> Delivery:
    row = replace(delivery.stage("history"), **changes)
    return replace(delivery, stages={**delivery.stages, "history": row})


def _untried(delivery: Delivery) -> StageResult:
    """Revoke an intent whose request was not carried out."""
    return StageResult(delivery.call_session_id, "due", more_tries=-1)


def _in_batches(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    """Split into requests: the more failed attempts, the smaller the batch, down to a single call."""
    batches: list[list[Delivery]] = []
    for delivery in deliveries:
        tries = delivery.stage("history").tries
        room = max(1, CALLS_PER_REQUEST >> (2 * tries))
        newest = batches[-1] if batches else None
        if newest is None or len(newest) >= room or newest[0].stage("history").tries != tries:
            batches.append([delivery])
        else:
            newest.append(delivery)
    return batches

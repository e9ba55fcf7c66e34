"""Second stage: the links of a call's recordings, once they can be played.

A recording is checked whenever its row is due, at growing intervals, for about a day. Links are set through the
history route, many calls in one request, once a first request has shown that it updates known calls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from megaplan_hook.exceptions import MegaplanError, MegaplanNotFoundError
from megaplan_sync.telephony.push.call_info import call_info
from megaplan_sync.telephony.push.delivery import FAILED, UNKNOWN_OUTCOME, Delivery, StageResult, State
from megaplan_sync.telephony.push.exceptions import is_ambiguous, is_refusal
from megaplan_sync.telephony.push.history_stage import HISTORY_UPDATES
from megaplan_sync.telephony.push.recording_check import CheckResult, RecordingCheck
from megaplan_sync.telephony.push.stage_context import StageContext

CALLS_PER_REQUEST = 50


class Ready(NamedTuple):
    """Links to set, and why some recordings are left out."""

    delivery: Delivery
    links: list[str]
    missing: str | None


class RecordingStage:
    """Sets the links of recordings in Megaplan.

    :param open_check: creates the check; called for the first link
    """

    def __init__(self, context: StageContext, open_check: Callable[[], RecordingCheck]) -> None:
        self._context = context
        self._hook = context.hook
        self._outbox = context.outbox
        self._open_check = open_check
        self._check: RecordingCheck | None = None
        self._checked_calls: set[int] = set()

    def push_batch(self) -> int:
        """Check a batch of calls and set the links that are ready; return how many calls were due.

        :raises MegaplanError: a request to Megaplan has failed
        """
        claimed = self._outbox.claim("recording", CALLS_PER_REQUEST)
        with self._context.batched_results():
            ready = [each for each in map(self._ready, claimed) if each is not None]
        self._set(ready)
        return len(claimed)

    def check_batch(self) -> int:
        """Only check: calls that are ready become due for the next push; return how many calls were due.

        Each call is checked once per run.
        """
        claimed = self._outbox.claim("recording", CALLS_PER_REQUEST, without=self._checked_calls)
        self._checked_calls.update(delivery.call_session_id for delivery in claimed)
        for delivery in claimed:
            state = delivery.stage("recording").state
            if state != "waiting" or self._ready(delivery) is not None:
                ready: State = UNKNOWN_OUTCOME if state == UNKNOWN_OUTCOME else "due"
                self._context.settle("recording", StageResult(delivery.call_session_id, ready))
                self._context.count("recording_ready")
        return len(claimed)

    def close(self) -> None:
        """Close the connections to UIS."""
        if self._check is not None:
            self._check.close()

    def _ready(self, delivery: Delivery) -> Ready | None:
        """Return the links that are ready; if there are none, settle the stage."""
        number = delivery.call_session_id
        row, links = delivery.stage("recording"), delivery.links
        if not links:
            self._context.settle("recording", self._without_links(delivery))
            return None
        results = {link: self._checked(link) for link in links}
        good = [link for link in links if results[link].problem is None]
        bad = [result for result in results.values() if result.problem is not None]
        missing = _missing(bad, len(links)) if bad else None
        delay = self._context.schedule.recording_delay_after(row.tries)
        if bad and delay is not None and not all(result.is_final for result in bad):
            self._context.settle(
                "recording", StageResult(number, "waiting", delay, more_tries=1, error=missing)
            )
            return None
        is_set = row.result_id == delivery.call_info_id and good == delivery.links_set
        if not good or (is_set and row.state != UNKNOWN_OUTCOME):
            self._context.settle("recording", StageResult(number, FAILED if bad else "done", error=missing))
            return None
        return Ready(delivery, good, missing)

    def _without_links(self, delivery: Delivery) -> StageResult:
        """Return the result for a call without a known recording."""
        number, schedule = delivery.call_session_id, self._context.schedule
        is_unrecorded = delivery.expects_record is False or (
            delivery.expects_record is None
            and (delivery.outcome != "answered" or delivery.age_seconds > schedule.unknown_record_seconds)
        )
        if is_unrecorded:
            return StageResult(number, "none")
        delay = schedule.recording_delay_after(delivery.stage("recording").tries)
        if delay is None:
            return StageResult(number, FAILED, error="no recording came, although the call was recorded")
        return StageResult(number, "waiting", delay, more_tries=1, error="no recording has come yet")

    def _checked(self, link: str) -> CheckResult:
        if self._check is None:
            self._check = self._open_check()
        return self._check.check(link)

    def _set(self, ready: list[Ready]) -> None:
        """Set links: in batches if that is known to work, one by one if it is known not to."""
        if not ready:
            return
        single = [each for each in ready if _is_unsure(each)]
        batch = [each for each in ready if not _is_unsure(each)]
        learned = self._outbox.learned(HISTORY_UPDATES)
        if learned == "no":
            single, batch = ready, []
        elif learned is None and batch:
            self._set_batch(batch[:1])
            if self._outbox.learned(HISTORY_UPDATES) == "no":
                single += batch[1:]
            elif len(batch) > 1:
                self._set_batch(batch[1:])
        elif batch:
            self._set_batch(batch)
        for each in single:
            self._set_single(each)

    def _set_batch(self, ready: list[Ready]) -> None:
        try:
            cards = self._hook.push_call_history([self._body(each) for each in ready])
        except MegaplanError as error:
            # the calls are given by id, so once the route is known to update calls, a repetition changes nothing
            if is_refusal(error):
                for each in ready:
                    self._set_single(each)
                return
            results = (
                StageResult(
                    each.delivery.call_session_id,
                    UNKNOWN_OUTCOME if is_ambiguous(error) else "due",
                    self._context.schedule.read_lag_seconds,
                    error=str(error),
                )
                for each in ready
            )
            self._context.settle("recording", *results)
            raise
        by_provider = {str(card.get("providerId")): card for card in cards}
        for each in ready:
            card = by_provider.get(each.delivery.provider_id, {})
            same = str(card.get("id")) == each.delivery.call_info_id
            if self._outbox.learned(HISTORY_UPDATES) is None and card.get("id") is not None:
                self._outbox.learn(HISTORY_UPDATES, "yes" if same else "no")
            if same and card.get("recordLinks") == each.links:
                self._settle_set(each)
            else:
                self._set_single(each)

    def _set_single(self, ready: Ready) -> None:
        """Set the links of one call by its Megaplan id, which is idempotent."""
        delivery, number = ready.delivery, ready.delivery.call_session_id
        try:
            card = self._hook.update_call_info(str(delivery.call_info_id), {"recordLinks": ready.links})
        except MegaplanNotFoundError as error:
            gone = f"Megaplan no longer has the call: {error}"
            self._outbox.lose_call(number)
            self._context.settle("recording", StageResult(number, "waiting", error=gone))
        except MegaplanError as error:
            if is_refusal(error):
                self._context.settle("recording", self._refused(delivery, str(error)))
                return
            state = UNKNOWN_OUTCOME if is_ambiguous(error) else delivery.stage("recording").state
            lag = self._context.schedule.read_lag_seconds
            self._context.settle("recording", StageResult(number, state, lag, error=str(error)))
            raise
        else:
            if card.get("recordLinks", ready.links) == ready.links:
                self._settle_set(ready)
            else:
                reason = "Megaplan does not keep the links of the recordings"
                self._context.settle("recording", self._refused(delivery, reason))

    def _settle_set(self, ready: Ready) -> None:
        """Record that the links are set on the present call object."""
        delivery = ready.delivery
        state: State = "done" if ready.missing is None else FAILED
        result = StageResult(
            delivery.call_session_id,
            state,
            error=ready.missing,
            result_id=delivery.call_info_id,
            sent=ready.links,
            affects_others=delivery.stage("communication").result_id is not None,
        )
        self._context.settle("recording", result)

    def _refused(self, delivery: Delivery, reason: str) -> StageResult:
        delay = self._context.schedule.recording_delay_after(delivery.stage("recording").tries)
        if delay is None:
            return StageResult(delivery.call_session_id, FAILED, error=f"given up: {reason}")
        return StageResult(delivery.call_session_id, UNKNOWN_OUTCOME, delay, more_tries=1, error=reason)

    def _body(self, ready: Ready) -> dict[str, Any]:
        datetime_format = self._hook.settings.vendor_quirks.datetime_write_format
        body = call_info(ready.delivery, datetime_format=datetime_format)
        return {**body, "id": ready.delivery.call_info_id, "recordLinks": ready.links}


def _is_unsure(ready: Ready) -> bool:
    return ready.delivery.stage("recording").state == UNKNOWN_OUTCOME


def _missing(bad: list[CheckResult], of: int) -> str:
    problems = "; ".join(dict.fromkeys(str(result.problem) for result in bad))
    return f"{len(bad)} of {of} recordings: {problems}" if of > 1 else problems

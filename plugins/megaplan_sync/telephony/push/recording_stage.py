"""Second stage: Megaplan gets the links of a call's recordings, once they can be played.

A recording is looked at when its row is due, ever more rarely, for about a day. Links are set by the route of
history, many calls in one request, after the first one has shown that it changes known calls and makes no new ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from megaplan_hook.exceptions import MegaplanError, MegaplanNotFoundError
from megaplan_sync.telephony.push.call_info import call_info
from megaplan_sync.telephony.push.delivery import Delivery, Verdict
from megaplan_sync.telephony.push.exceptions import is_ambiguous, is_refusal
from megaplan_sync.telephony.push.recording_check import RecordCheck, RecordLook
from megaplan_sync.telephony.push.stage_context import PushTools

CALLS_PER_REQUEST = 50
HISTORY_UPDATES = "history_updates"
"""What is learned: whether ``/callInfo/history`` changes the call that has the given id: yes or no."""


class Ready(NamedTuple):
    """Links to be set, and what is to be said of those that are left out."""

    delivery: Delivery
    links: list[str]
    missing: str | None


class CallRecordings:
    """Brings links of recordings into Megaplan.

    :param open_check: makes the check of links; called when the first link is met
    """

    def __init__(self, tools: PushTools, open_check: Callable[[], RecordCheck]) -> None:
        self._tools = tools
        self._hook = tools.hook
        self._ledger = tools.ledger
        self._open_check = open_check
        self._check: RecordCheck | None = None
        self._looked_at: set[int] = set()

    def push_batch(self) -> int:
        """Look at a batch of what is due and set the links of what is ready; return how many calls that were.

        :raises MegaplanError: when Megaplan cannot be worked with now
        """
        claimed = self._ledger.claim("recording", CALLS_PER_REQUEST)
        with self._tools.settling_together():
            ready = [each for each in map(self._look, claimed) if each is not None]
        self._set(ready)
        return len(claimed)

    def look_at_batch(self) -> int:
        """Only look: what is ready becomes due for the next ``push_batch``; return how many calls were due.

        Calls that this object has looked at before are left out.
        """
        claimed = self._ledger.claim("recording", CALLS_PER_REQUEST, without=self._looked_at)
        self._looked_at.update(delivery.call_session_id for delivery in claimed)
        for delivery in claimed:
            if delivery.recording != "waiting" or self._look(delivery) is not None:
                self._tools.settle("recording", Verdict(delivery.call_session_id, "due"))
                self._tools.count("recording_ready")
        return len(claimed)

    def close(self) -> None:
        """Close the connections to the cabinet."""
        if self._check is not None:
            self._check.close()

    def _look(self, delivery: Delivery) -> Ready | None:
        """Return what is ready, or settle how it is to go on."""
        links = [str(record["url"]) for record in delivery.records if record.get("url")]
        if not links:
            self._tools.settle("recording", self._without_links(delivery))
            return None
        looks = {link: self._checked(link) for link in links}
        good = [link for link in links if looks[link].problem is None]
        bad = [look for look in looks.values() if look.problem is not None]
        wait = self._tools.pace.recording_wait_after(delivery.recording_tries)
        if bad and wait is not None and not all(look.is_hopeless for look in bad):
            told = _told(bad, len(links))
            self._tools.settle(
                "recording", Verdict(delivery.call_session_id, "waiting", wait, more_tries=1, error=told)
            )
            return None
        missing = _told(bad, len(links)) if bad else None
        if not good or good == delivery.recording_links:
            self._tools.settle(
                "recording",
                Verdict(delivery.call_session_id, "parked" if bad else "done", error=missing),
            )
            return None
        return Ready(delivery, good, missing)

    def _without_links(self, delivery: Delivery) -> Verdict:
        """Judge a call of which no recording is known."""
        number, pace = delivery.call_session_id, self._tools.pace
        is_silent = delivery.expects_record is False or (
            delivery.expects_record is None
            and (delivery.outcome != "answered" or delivery.age_seconds > pace.unknown_record_seconds)
        )
        if is_silent:
            return Verdict(number, "none")
        wait = pace.recording_wait_after(delivery.recording_tries)
        if wait is None:
            return Verdict(number, "parked", error="no recording came, although the call was recorded")
        return Verdict(number, "waiting", wait, more_tries=1, error="no recording has come yet")

    def _checked(self, link: str) -> RecordLook:
        if self._check is None:
            self._check = self._open_check()
        return self._check.look(link)

    def _set(self, ready: list[Ready]) -> None:
        """Set links: in batches where that is known to work, one by one where it is not."""
        if not ready:
            return
        alone = [each for each in ready if each.delivery.recording == "unsure"]
        together = [each for each in ready if each.delivery.recording != "unsure"]
        learned = self._ledger.learned(HISTORY_UPDATES)
        if learned == "no":
            alone, together = ready, []
        elif learned is None and together:
            self._set_together(together[:1])
            if self._ledger.learned(HISTORY_UPDATES) == "no":
                alone += together[1:]
            elif len(together) > 1:
                self._set_together(together[1:])
        elif together:
            self._set_together(together)
        for each in alone:
            self._set_alone(each)

    def _set_together(self, ready: list[Ready]) -> None:
        told = [self._body(each) for each in ready]
        try:
            cards = self._hook.push_call_history(told)
        except MegaplanError as error:
            # all of it names known calls: doing it twice changes nothing, once it is known that it makes no new ones
            if is_refusal(error):
                for each in ready:
                    self._set_alone(each)
                return
            verdicts = (
                Verdict(
                    each.delivery.call_session_id,
                    "unsure" if is_ambiguous(error) else "due",
                    self._tools.pace.read_lag_seconds,
                    error=str(error),
                )
                for each in ready
            )
            self._tools.settle("recording", *verdicts)
            raise
        answered = {str(card.get("providerId")): card for card in cards}
        for each in ready:
            card = answered.get(each.delivery.provider_id, {})
            same = str(card.get("id")) == each.delivery.call_info_id
            if self._ledger.learned(HISTORY_UPDATES) is None and card.get("id") is not None:
                self._ledger.learn(HISTORY_UPDATES, "yes" if same else "no")
            if same and card.get("recordLinks") == each.links:
                self._settle_set(each)
            else:
                self._set_alone(each)

    def _set_alone(self, ready: Ready) -> None:
        """Set the links of one call by Megaplan's id; doing so twice changes nothing."""
        delivery = ready.delivery
        try:
            card = self._hook.update_call_info(str(delivery.call_info_id), {"recordLinks": ready.links})
        except MegaplanNotFoundError as error:
            gone = f"the call is gone in Megaplan: {error}"
            self._ledger.settle(
                "history",
                Verdict(delivery.call_session_id, "unsure", error=gone, forget_call=True, keep_claim=True),
            )
            self._tools.settle("recording", Verdict(delivery.call_session_id, "waiting", error=gone))
        except MegaplanError as error:
            if is_refusal(error):
                self._tools.settle("recording", self._refused(delivery, str(error)))
                return
            state = "unsure" if is_ambiguous(error) else delivery.recording
            lag = self._tools.pace.read_lag_seconds
            self._tools.settle("recording", Verdict(delivery.call_session_id, state, lag, error=str(error)))
            raise
        else:
            if card.get("recordLinks", ready.links) == ready.links:
                self._settle_set(ready)
            else:
                told = "Megaplan does not keep the links of the recordings"
                self._tools.settle("recording", self._refused(delivery, told))

    def _settle_set(self, ready: Ready) -> None:
        """Note that the links are set; a communication made before gets them, too."""
        delivery = ready.delivery
        is_late = delivery.communication == "done" and delivery.todo_id is not None
        self._tools.settle("recording", replace(_done(ready), keep_claim=is_late))
        if is_late:
            self._ledger.settle("communication", Verdict(delivery.call_session_id, "due"))

    def _refused(self, delivery: Delivery, told: str) -> Verdict:
        wait = self._tools.pace.recording_wait_after(delivery.recording_tries)
        if wait is None:
            return Verdict(delivery.call_session_id, "parked", error=f"given up: {told}")
        return Verdict(delivery.call_session_id, "unsure", wait, more_tries=1, error=told)

    def _body(self, ready: Ready) -> dict[str, Any]:
        datetime_format = self._hook.settings.vendor_quirks.datetime_write_format
        told = call_info(ready.delivery, datetime_format=datetime_format)
        return {**told, "id": ready.delivery.call_info_id, "recordLinks": ready.links}


def _done(ready: Ready) -> Verdict:
    return Verdict(
        ready.delivery.call_session_id,
        "done" if ready.missing is None else "parked",
        recording_links=ready.links,
        error=ready.missing,
    )


def _told(bad: list[RecordLook], of: int) -> str:
    told = "; ".join(dict.fromkeys(str(look.problem) for look in bad))
    return f"{len(bad)} of {of} recordings: {told}" if of > 1 else told

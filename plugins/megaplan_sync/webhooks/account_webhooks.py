"""Reads again the entities that one account's webhooks name, until no webhook is waiting."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import partial

from megaplan_hook.exceptions import MegaplanError, concerns_one_answer
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.exceptions import EntitiesFailedError, WorkInProgressError
from megaplan_sync.kernel.session import Session
from megaplan_sync.raw.canonical import entity_id
from megaplan_sync.raw.entities import ENTITIES
from megaplan_sync.raw.entity_lists import lists_of, pages_by_type
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.evidence import ask_for, card_at
from megaplan_sync.raw.fetched_entities import postgres_now
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.writer import EntityWriter
from megaplan_sync.webhooks.fetch import NamedEntitiesFetch
from megaplan_sync.webhooks.named_rows import NamedRows
from megaplan_sync.webhooks.waiting import EntityKey, NamedEntity, WaitingWebhooks, by_table

log = logging.getLogger(__name__)

ROUTES = {
    "Deal": "/deal",
    "ContractorHuman": "/contractorHuman",
    "ContractorCompany": "/contractorCompany",
    "Employee": "/employee",
}
LONGEST_RUN_SECONDS = 600.0
LONGEST_WAIT_SECONDS = 20.0
GIVEN_UP_AFTER_SECONDS = 86_400.0
_POLL_SECONDS = 1.0
_NEWS = ("written", "deleted")


class AccountWebhooks:
    """The webhooks of one account in one run.

    Megaplan's writes become visible some seconds late: an entity that is unchanged when it is read right after its
    webhook is read once more when the webhook is ``read_lag_seconds`` old. A changed one is not: the sync finds a
    second change in between by its change time.

    :param hook: with the account's request budget
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Session,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._sleep = sleep
        self._lag_seconds = hook.settings.vendor_quirks.read_lag_seconds
        self._waiting = WaitingWebhooks(connection, hook.account)
        self._outcomes: dict[str, EntityOutcome] = {}
        self._failures: dict[EntityKey, Exception] = {}
        self._looked_at: dict[EntityKey, int] = {}
        """How many webhooks named an entity when it was last read and found unchanged."""
        self._lists: dict[str, dict[str, EntityPages]] = {}

    def outcomes(self) -> list[EntityOutcome]:
        """Return the counts of each table that was read."""
        return list(self._outcomes.values())

    def run(self) -> None:
        """Process all waiting webhooks.

        Does nothing if another run is processing them: that run checks for new ones before it ends.

        :raises EntitiesFailedError: Megaplan failed for some entities; all others were read
        """
        until = time.monotonic() + LONGEST_RUN_SECONDS
        while True:
            try:
                with self._waiting.leased():
                    may_continue = self._drain(until)
            except WorkInProgressError as error:
                log.info("%s", error)
                break
            # others have left us what came between the last check and the end of the lock
            if not may_continue or not self._eligible(self._waiting.entities()):
                break
        for outcome in self._outcomes.values():
            outcome.finish(0)
            log.info("%s", outcome)
        if self._failures:
            raise EntitiesFailedError(
                {f"{key.content_type} {key.id}": e for key, e in self._failures.items()}
            )

    def _drain(self, until: float) -> bool:
        """Read until nothing is waiting that may be read now; return whether to check once more."""
        while time.monotonic() < until:
            waiting = [each for each in self._waiting.entities() if each.key not in self._failures]
            eligible = self._eligible(waiting)
            if not waiting:
                return True
            if not eligible:
                soonest = min(self._lag_seconds - entity.youngest_seconds for entity in waiting)
                if soonest > LONGEST_WAIT_SECONDS:
                    log.info("%s: the rest will be read again in %.0f s", self._hook.account, soonest)
                    return False
                self._sleep(max(0.0, min(soonest, _POLL_SECONDS)))
                continue
            if not self._may_send():
                return False
            for entity, named in by_table(eligible).items():
                self._read(entity, named)
        return False

    def _eligible(self, waiting: Sequence[NamedEntity]) -> list[NamedEntity]:
        """Return the entities that were not read since their last webhook, or whose webhook is old enough."""
        return [
            entity
            for entity in waiting
            if entity.key not in self._failures
            and (self._looked_at.get(entity.key) != len(entity.numbers) or self._is_old_enough(entity))
        ]

    def _is_old_enough(self, entity: NamedEntity) -> bool:
        return entity.youngest_seconds >= self._lag_seconds

    def _may_send(self) -> bool:
        """Return whether a request may be sent soon."""
        remaining = self._hook.budget.remaining()
        if remaining is not None and remaining <= 0:
            log.warning("%s: the hour's requests are spent; the webhooks wait", self._hook.account)
            return False
        return True

    def _read(self, entity: str, named: Sequence[NamedEntity]) -> None:
        outcome = self._outcomes.setdefault(entity, EntityOutcome(self._hook.account, entity))
        writer = EntityWriter(ENTITIES[entity], self._hook.settings.vendor_quirks.default_phone_region)
        rows = NamedRows(self._connection, self._hook.account, writer, outcome)
        sent_before = self._hook.requests_sent
        try:
            self._read_present(entity, rows, [each for each in named if each.dropped_by is None])
            for each in named:
                if each.dropped_by is not None:
                    self._read_dropped(entity, rows, each)
        finally:
            outcome.requests += self._hook.requests_sent - sent_before
        for each in named:
            if not each.is_settled:  # Megaplan returned neither the entity nor a refusal
                self._settle({each.key.id: each}, {each.key.id: "not given"})

    def _read_present(self, entity: str, rows: NamedRows, named: Sequence[NamedEntity]) -> None:
        fetch = NamedEntitiesFetch(self._hook, self._connection, ENTITIES[entity], self._lists_of(entity))
        for content_type in dict.fromkeys(each.key.content_type for each in named):
            of_type = {each.key.id: each for each in named if each.key.content_type == content_type}
            asked_at = postgres_now(self._connection)
            for fetched in fetch.batches(content_type, list(of_type)):
                present = [card for card in fetched.entities if card.get("isDropped") is not True]
                if present or fetched.odd:
                    rows.write(present, asked_at, partial(self._settle, of_type), odd=fetched.odd)
                for identity in fetched.ids - {entity_id(card) for card in present}:
                    self._read_dropped(entity, rows, of_type[identity])
                self._settle(of_type, fetched.not_given)
                for identity, failure in fetched.failed.items():
                    self._note_failure(of_type[identity], failure)
                asked_at = postgres_now(self._connection)

    def _read_dropped(self, entity: str, rows: NamedRows, named: NamedEntity) -> None:
        """Request an entity that is said to be deleted; the answer is the evidence."""
        identity, of = named.key.id, {named.key.id: named}
        route = f"{ROUTES[named.key.content_type]}/{identity}"
        asked_at = postgres_now(self._connection)
        try:
            evidence = ask_for(identity, lambda _: card_at(self._hook, route), route)
        except MegaplanError as failure:
            if not concerns_one_answer(failure):
                raise
            self._note_failure(named, failure)
            return
        if evidence.verdict == "gone":
            webhook = {"webhook": named.dropped_by} if named.dropped_by else {}
            rows.mark_deleted(identity, {**evidence.as_json, **webhook}, partial(self._settle, of))
        elif evidence.card is not None:
            pages = self._lists_of(entity)[named.key.content_type]
            present, odd = pages.as_in_the_list([evidence.card])
            rows.write(
                present,
                asked_at,
                lambda _: self._settle(of, {identity: "not deleted: Megaplan still has it"}),
                odd=odd,
            )
        else:
            self._settle(of, {identity: "hidden: Megaplan answers 403, so it is not deleted"})

    def _note_failure(self, named: NamedEntity, failure: MegaplanError) -> None:
        """Leave an entity to a later run; give its webhooks up after a day without success."""
        log.error("%s: %s", self._hook.account, failure)
        named.is_settled = True
        if named.youngest_seconds > GIVEN_UP_AFTER_SECONDS:
            self._waiting.settle(dict.fromkeys(named.numbers, f"given up: {failure}"))
        else:
            self._failures[named.key] = failure

    def _settle(self, of: dict[int, NamedEntity], outcomes: dict[int, str]) -> None:
        """Settle webhooks, except recent ones whose entity may still show a change later."""
        settled: dict[int, str] = {}
        for identity, outcome in outcomes.items():
            named = of[identity]
            if outcome.startswith(_NEWS) or self._is_old_enough(named):
                settled |= dict.fromkeys(named.numbers, outcome)
                self._looked_at.pop(named.key, None)
            else:
                self._looked_at[named.key] = len(named.numbers)
            named.is_settled = True
        self._waiting.settle(settled)

    def _lists_of(self, entity: str) -> dict[str, EntityPages]:
        """Return the lists that know which fields to request, by content type."""
        if entity not in self._lists:
            specs = lists_of(ENTITIES[entity], self._hook, self._connection)
            pages = [EntityPages(self._hook, self._connection, spec) for spec in specs]
            self._lists[entity] = pages_by_type(ENTITIES[entity], pages)
        return self._lists[entity]

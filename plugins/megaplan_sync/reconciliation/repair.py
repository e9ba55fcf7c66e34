"""Fetches missing and stale entities with as few requests as possible.

Recently changed entities are at the top of the list when sorted by latest change. Others are requested by links, a
page per request; how complete Megaplan returns them is not documented, so that is found out. If they are incomplete
or refused, the rest is read card by card, or from the top of the list if that takes fewer requests.
"""

import logging
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime
from math import ceil
from typing import Any

from megaplan_hook.exceptions import MegaplanError, MegaplanForbiddenError, concerns_one_answer
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.findings import Findings, OpenFinding
from megaplan_sync.raw.canonical import Entity, entity_id
from megaplan_sync.raw.change_times import change_time
from megaplan_sync.raw.entities import LATEST_CHANGE_FIRST
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.fetched_entities import LinkAnswers
from megaplan_sync.reconciliation.recorded_writer import RecordedWriter

log = logging.getLogger(__name__)

LATER_VERSION_HERE = {"found_by": "a later version in the table than in the answer"}
"""Evidence of a suspect whose payload and hash match."""

_SECONDS_UNTIL_WRITES_ARE_VISIBLE = 5.0
_MOST_RETRIES = 3
"""More than one, since another run may have just written the row, and it is unknown whose answer is later."""


class Repair:
    """Repairs the deals or contacts of one account.

    :param pages_by_type: list, with the fields to request, by content type
    :param sleep: waits for a number of seconds
    """

    def __init__(
        self,
        hook: MegaplanHook,
        pages_by_type: Mapping[str, EntityPages],
        recorded: RecordedWriter,
        findings: Findings,
        sleep: Callable[[float], None],
    ) -> None:
        self._hook = hook
        self._sleep = sleep
        self._pages_by_type = pages_by_type
        self._recorded = recorded
        self._findings = findings
        self._link_answers = LinkAnswers(hook, recorded.payload_keys)
        self._believes_later_rows = True
        """Whether to keep rows of which the table has a later version than the answer."""
        self._lagging = 0
        """Number of entities that may be older than elsewhere: Megaplan's replicas lag, and other runs write."""

    def run(self) -> None:
        """Resolve every finding that can be resolved by fetching."""
        self._pass()
        for _ in range(_MOST_RETRIES):
            if not self._lagging:
                return
            self._sleep(_SECONDS_UNTIL_WRITES_ARE_VISIBLE)
            self._believes_later_rows, self._lagging = False, 0
            self._pass()
        if self._lagging:
            log.warning(
                "%d rows were received in an older version than the list or another run has: left for the next run",
                self._lagging,
            )

    def _pass(self) -> None:
        wanted = self._findings.waiting_for_resolution("missing", "stale", "suspect")
        for pages in dict.fromkeys(self._pages_by_type.values()):
            types = [content_type for content_type, its in self._pages_by_type.items() if its is pages]
            of_list = [finding for finding in wanted if finding.content_type in types]
            if of_list and self._pages_down_to(of_list) <= ceil(len(of_list) / self._hook.settings.page_size):
                of_list = self._from_the_top(pages, of_list)
            for content_type in types:
                self._one_by_one(
                    content_type, [each for each in of_list if each.content_type == content_type]
                )

    def _one_by_one(self, content_type: str, wanted: Sequence[OpenFinding]) -> None:
        pages = self._pages_by_type[content_type]
        size = self._hook.settings.page_size
        while wanted and self._by_links(content_type, pages, wanted[:size]):
            wanted = wanted[size:]
        if wanted and self._pages_down_to(wanted) < len(wanted):
            wanted = self._from_the_top(pages, wanted)
        for finding in wanted:
            self._by_card(pages, finding)

    def _pages_down_to(self, wanted: Sequence[OpenFinding]) -> float:
        """Return the number of pages from the top of the list that contain all of them; infinity if unknown."""
        changes = [finding.updated_at for finding in wanted if finding.updated_at is not None]
        if len(changes) < len(wanted):
            return float("inf")
        lists = {id(self._pages_by_type[finding.content_type or ""]) for finding in wanted}
        types = [content_type for content_type, its in self._pages_by_type.items() if id(its) in lists]
        rows = self._recorded.count_changed_since(min(changes), types)
        return ceil(rows / self._hook.settings.page_size)

    def _from_the_top(self, pages: EntityPages, wanted: Sequence[OpenFinding]) -> list[OpenFinding]:
        """Read the list, latest change first, until all entities were seen; return those that were not."""
        left = {finding.id: finding for finding in wanted}
        oldest = min((finding.updated_at for finding in wanted if finding.updated_at), default=None)
        asked_at = self._recorded.now()
        for page in pages.pages(LATEST_CHANGE_FIRST):
            seen = [
                item
                for item in pages.brought_into_list_form(page)
                if item.get("isDropped") is not True and entity_id(item) in left
            ]
            self._settle(seen, [left.pop(entity_id(item)) for item in seen], asked_at)
            changes = [found for item in page.data if (found := change_time(item)) is not None]
            if not left or (oldest is not None and changes and min(changes) < oldest):
                break
            asked_at = self._recorded.now()
        return list(left.values())

    def _by_links(self, content_type: str, pages: EntityPages, batch: Sequence[OpenFinding]) -> bool:
        """Resolve a page of findings with one request; return False if links are incomplete."""
        if self._link_answers.give_too_little(content_type):
            return False
        asked_at = self._recorded.now()
        sent = self._link_answers.ask(content_type, pages, [finding.id for finding in batch])
        if sent is None:
            return False
        given, _ = pages.as_in_the_list(sent)  # the cards of odd ones are requested below
        came = {entity_id(entity) for entity in given}
        self._settle(given, [finding for finding in batch if finding.id in came], asked_at)
        for finding in batch:
            if finding.id not in came:
                self._by_card(pages, finding)
        return True

    def _by_card(self, pages: EntityPages, finding: OpenFinding) -> None:
        """Resolve one finding with its own request; the entity may be gone or hidden."""
        asked_at = self._recorded.now()
        try:
            card = pages.card({"id": finding.id})
        except MegaplanForbiddenError as refusal:
            self._findings.resolve([finding.id], "hidden", {"asked": "GET by id", "answer": str(refusal)})
            return
        except MegaplanError as failure:
            if not concerns_one_answer(failure):
                raise
            log.warning("%s: its finding stays unresolved", failure)
            return
        if card is not None:
            entities, odd = pages.as_in_the_list([card])
            self._settle(entities, [finding] if entities else [], asked_at, odd)
        elif finding.finding == "missing":  # deleted since the sweep, so it is rightly not here
            self._findings.resolve([finding.id], "unfounded")
        else:
            self._findings.resolve([finding.id], None, finding="extra")

    def _settle(
        self,
        entities: Sequence[Entity],
        findings: Sequence[OpenFinding],
        asked_at: datetime,
        odd: Sequence[Any] = (),
    ) -> None:
        """Write entities in canonical form that were requested because of findings, and set odd cards aside."""
        by_id = {finding.id: finding for finding in findings}
        current = []
        for entity in entities:
            seen, came = by_id[entity_id(entity)].updated_at, change_time(entity)
            if seen is None or came is None or came >= seen:
                current.append(entity)
        distrusted = [
            finding.id
            for finding in findings
            if not self._believes_later_rows
            or (finding.finding == "suspect" and finding.evidence != LATER_VERSION_HERE)
        ]
        self._lagging += len(entities) - len(current)

        def settle(doubtful: Set[int]) -> None:
            self._lagging += len(doubtful)
            self._findings.settle({entity_id(entity) for entity in current} - doubtful)

        self._recorded.write(current, odd=odd, distrusted=distrusted, asked_at=asked_at, and_then=settle)

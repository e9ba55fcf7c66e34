"""Fetches what is missing or stale: exactly those entities, a page of them with one request."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence

from megaplan_hook.exceptions import MegaplanForbiddenError
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.canonical import Entity
from megaplan_sync.entity_pages import EntityPages
from megaplan_sync.flatten import entity_id
from megaplan_sync.reconciliation.findings import Findings, OpenFinding
from megaplan_sync.reconciliation.recorded_writer import RecordedWriter
from megaplan_sync.reconciliation.sweep import change_time

log = logging.getLogger(__name__)

_SECONDS_UNTIL_WRITES_ARE_VISIBLE = 5.0


class Repair:
    """The repair of one account's deals or contacts.

    :param pages_by_type: the list that knows which names to ask for, by content type
    :param sleep: waits so many seconds
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
        self._links_give_whole_entities: bool | None = None

    def run(self) -> None:
        """Settle every finding that fetching can settle."""
        if self._pass() and self._pass(wait_seconds=_SECONDS_UNTIL_WRITES_ARE_VISIBLE):
            log.warning("Some rows came in an older version than the list has: left for the next run")

    def _pass(self, wait_seconds: float = 0.0) -> int:
        """Return how many entities came older than the sweep had seen them (Megaplan's copies lag)."""
        if wait_seconds:
            self._sleep(wait_seconds)
        lagging = 0
        wanted = self._findings.waiting_for_resolution("missing", "stale", "suspect")
        for content_type, pages in self._pages_by_type.items():
            of_type = [finding for finding in wanted if finding.content_type == content_type]
            for batch in _batches(of_type, self._hook.settings.page_size):
                lagging += self._settle(content_type, pages, batch)
        return lagging

    def _settle(self, content_type: str, pages: EntityPages, batch: Sequence[OpenFinding]) -> int:
        by_id = {finding.id: finding for finding in batch}
        entities = self._fetch(content_type, pages, by_id)
        current = []
        for entity in entities:
            seen, came = by_id[entity_id(entity)].updated_at, change_time(entity)
            if seen is None or came is None or came >= seen:
                current.append(entity)
        ids = [entity_id(entity) for entity in current]
        suspects = [finding.id for finding in batch if finding.finding == "suspect"]
        self._recorded.write(current, distrusted=suspects, and_then=lambda: self._findings.settle(ids))
        return len(entities) - len(current)

    def _fetch(self, content_type: str, pages: EntityPages, by_id: Mapping[int, OpenFinding]) -> list[Entity]:
        """Return the entities as the list would give them; what is gone or hidden is noted."""
        if self._links_give_whole_entities is not False:
            links = [{"contentType": content_type, "id": str(identity)} for identity in by_id]
            sent = self._hook.entities_by_links(links)
            if sent and self._links_give_whole_entities is None:
                self._links_give_whole_entities = self._are_whole(pages, sent)
            if self._links_give_whole_entities is not False:
                given = pages.as_in_the_list(sent)
                left_out = by_id.keys() - {entity_id(entity) for entity in given}
                return [*given, *self._cards(pages, [by_id[identity] for identity in sorted(left_out)])]
        return list(self._cards(pages, list(by_id.values())))

    def _are_whole(self, pages: EntityPages, sent: Sequence[Entity]) -> bool:
        """Tell whether links give all that the list is asked for; Megaplan documents nothing about it."""
        required = set(pages.spec.required)
        if any(required <= entity.keys() for entity in sent):
            return True
        card = pages.card(sent[0])  # its pipeline may hide fields, then the card lacks them too
        return card is None or not (card.keys() & set(pages.names)) - sent[0].keys()

    def _cards(self, pages: EntityPages, findings: Sequence[OpenFinding]) -> Iterator[Entity]:
        for finding in findings:
            try:
                card = pages.card({"id": finding.id})
            except MegaplanForbiddenError as refusal:
                self._findings.resolve([finding.id], "hidden", {"asked": "GET by id", "answer": str(refusal)})
                continue
            if card is not None:
                yield from pages.as_in_the_list([card])
            elif finding.finding == "missing":  # deleted since the sweep: it need not be here
                self._findings.resolve([finding.id], "unfounded")
            else:
                self._findings.resolve([finding.id], None, finding="extra")


def _batches(findings: Sequence[OpenFinding], size: int) -> Iterator[Sequence[OpenFinding]]:
    for start in range(0, len(findings), size):
        yield findings[start : start + size]

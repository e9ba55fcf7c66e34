"""Tells in the log how far a long reading is."""

import logging
import time

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.raw.outcome import EntityOutcome

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """One log line every ten seconds: pages, rows, requests left in the hour, and an estimate if there is one.

    ``pagination.count`` is the total on some accounts and the size of the page on others; it is believed, for
    the estimate alone, when it exceeds the page.
    """

    def __init__(self, hook: MegaplanHook, entity: str, outcome: EntityOutcome) -> None:
        self._hook = hook
        self._entity = entity
        self._outcome = outcome
        self._began = self._told_at = time.monotonic()
        self._already_read = 0
        self._estimates = False

    def total_may_be_told(self, *, already_read: int) -> None:
        """Estimate from now on how much is left: the list is being read to its end."""
        self._estimates = True
        self._already_read = already_read

    def tell(self, page: ListPage) -> None:
        """Log a line if the last one is old enough."""
        now = time.monotonic()
        if now - self._told_at < _SECONDS_BETWEEN_LINES:
            return
        self._told_at = now
        outcome = self._outcome
        left = self._hook.budget.remaining()
        log.info(
            "%s of %s: %d pages, %d rows read, %d new, %d changed, %s requests left this hour%s",
            self._entity, outcome.account, outcome.pages, outcome.read, outcome.inserted, outcome.updated,
            "?" if left is None else left, self._estimate(page, now),
        )  # fmt: skip

    def _estimate(self, page: ListPage, now: float) -> str:
        total = page.pagination.count if page.pagination is not None else None
        done = self._already_read + self._outcome.read
        if not self._estimates or total is None or total <= max(len(page.data), done):
            return ""
        seconds = (now - self._began) / max(self._outcome.read, 1) * (total - done)
        return f", {100 * done // total} % of {total}, about {max(1, round(seconds / 60))} min left"

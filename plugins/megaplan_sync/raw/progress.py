"""Logs the progress of long loads."""

import logging
import time

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.raw.outcome import EntityOutcome

log = logging.getLogger(__name__)

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Logs a line every ten seconds: pages, rows, requests left in the hour, and an estimate if possible.

    ``pagination.count`` is the total on some accounts and the size of the page on others; it is used only for
    the estimate, and only if it exceeds the page.
    """

    def __init__(self, hook: MegaplanHook, entity: str, outcome: EntityOutcome) -> None:
        self._hook = hook
        self._entity = entity
        self._outcome = outcome
        self._began = self._logged_at = time.monotonic()
        self._already_read = 0
        self._estimates = False

    def enable_estimate(self, *, already_read: int) -> None:
        """Show how much is left: the list is being read completely."""
        self._estimates = True
        self._already_read = already_read

    def report(self, page: ListPage) -> None:
        """Log a line if it is time for one."""
        now = time.monotonic()
        if now - self._logged_at < _SECONDS_BETWEEN_LINES:
            return
        self._logged_at = now
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

"""Asks UIS what it has of our deals: after an answer got lost, and when the ledger knows nothing."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from megaplan_sync.uis_upload.deal_ledger import DealLedger
from megaplan_sync.uis_upload.exceptions import UploadUnsettledError
from megaplan_sync.uis_upload.external_ids import deal_id_of
from megaplan_sync.uis_upload.history_rows import is_the_same_upload, last_record
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook import deals
from uis_hook.exceptions import UisPagingError
from uis_hook.reports import deals_in_processing

log = logging.getLogger(__name__)

PROCESSING_WAITS_SECONDS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 60.0, 60.0)


class ReadingBack:
    """What UIS has of one account's deals."""

    def __init__(self, session: UploadSession, ledger: DealLedger) -> None:
        self._session = session
        self._ledger = ledger

    def settle(self, *, is_ours: bool) -> set[int]:
        """Find out whether UIS has taken what is on its way; return the deals that it has not.

        :param is_ours: the request was this process's own, and is over; another one's may still be going on
        :raises UploadUnsettledError: UIS is still working through it
        """
        unsettled = self._ledger.unsettled()
        if not unsettled:
            return set()
        wait = self._session.read_lag_seconds
        if not is_ours:
            settings = self._session.uis.settings
            longest_request = settings.connect_timeout_seconds + settings.read_timeout_seconds
            youngest = min(deal.age_seconds for deal in unsettled)
            wait = max(0.0, longest_request + wait - youngest)
        log.info("%d deals may or may not be in UIS; reading them back in %.0f s", len(unsettled), wait)
        self._session.sleep(wait)
        self._wait_for_processing(len(unsettled))
        histories = self.histories([deal.ext_id for deal in unsettled])
        taken = {
            deal.deal_id
            for deal in unsettled
            if any(is_the_same_upload(row, deal.sending) for row in histories.get(deal.ext_id, ()))
        }
        left = {deal.deal_id for deal in unsettled} - taken
        self._ledger.accept(taken)
        self._ledger.withdraw(left)
        self._session.count("deals_found_again", len(taken))
        log.info("%d of them are in UIS, %d are not", len(taken), len(left))
        return left

    def adopt(self) -> int:
        """Learn which deals UIS has, all of them; return how many are ours."""
        histories: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        try:
            ours = deals.beginning_with(deals.deals_history(), f"{self._session.prefix}-deal-")
            for row in self._session.uis.rows(ours):
                if deal_id_of(self._session.prefix, row.get("ext_id")) is not None:
                    histories[str(row["ext_id"])].append(row)
        except UisPagingError as error:
            log.warning("%s Asking for the deals that there are.", error)
            ids = [row[0] for row in self._session.execute("select_present_deals")]
            histories = self.histories([f"{self._session.prefix}-deal-{deal_id}" for deal_id in ids])
        found = []
        for ext_id, rows in histories.items():
            deal_id, last = deal_id_of(self._session.prefix, ext_id), last_record(rows)
            if deal_id is not None and last is not None:
                found.append((deal_id, ext_id, last, sum(1 for row in rows if not row.get("is_generated"))))
        self._ledger.adopt(found)
        self._session.count("deals_adopted", len(found))
        return len(found)

    def histories(self, ext_ids: Collection[str]) -> dict[str, list[Mapping[str, Any]]]:
        """Return the records of some deals, by their id in UIS."""
        wanted = set(ext_ids)
        found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in self._session.uis.rows(*deals.with_ext_ids(deals.deals_history(), sorted(wanted))):
            if row.get("ext_id") in wanted:
                found[str(row["ext_id"])].append(row)
        return found

    def _wait_for_processing(self, count: int) -> None:
        """Wait until UIS has worked through all uploads: until then a missing record proves nothing."""
        for wait in (*PROCESSING_WAITS_SECONDS, None):
            waiting = self._session.uis.ask(deals_in_processing())
            if waiting == 0:
                return
            if wait is not None:
                self._session.sleep(wait)
        raise UploadUnsettledError(self._session.account, count, f"UIS is working through {waiting} records")

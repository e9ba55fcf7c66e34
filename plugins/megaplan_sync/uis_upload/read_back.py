"""Reads back which of our deals UIS has: after a lost answer, and when the ledger is empty."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from megaplan_sync.uis_upload.deal_ledger import DealLedger
from megaplan_sync.uis_upload.exceptions import UploadOutcomeUnknownError
from megaplan_sync.uis_upload.external_ids import deal_id_of
from megaplan_sync.uis_upload.history_rows import is_the_same_upload, last_record
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook import deals
from uis_hook.exceptions import UisPagingError
from uis_hook.reports import deals_in_processing

log = logging.getLogger(__name__)

PROCESSING_WAITS_SECONDS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 60.0, 60.0)


class ReadBack:
    """Reads back one account's deals from UIS."""

    def __init__(self, session: UploadSession, ledger: DealLedger) -> None:
        self._session = session
        self._ledger = ledger

    def resolve(self, *, own_request: bool) -> set[int]:
        """Find out whether UIS has accepted what is in flight; return the deals that it has not.

        :param own_request: this process made the request, so it is over; another's may still be running
        :raises UploadOutcomeUnknownError: UIS is still processing it
        """
        in_flight = self._ledger.in_flight()
        if not in_flight:
            return set()
        wait = self._session.read_lag_seconds
        if not own_request:
            settings = self._session.uis.settings
            longest_request = settings.connect_timeout_seconds + settings.read_timeout_seconds
            youngest = min(deal.age_seconds for deal in in_flight)
            wait = max(0.0, longest_request + wait - youngest)
        log.info("%d deals may or may not be in UIS; reading them back in %.0f s", len(in_flight), wait)
        self._session.sleep(wait)
        self._wait_for_processing(len(in_flight))
        histories = self.histories([deal.ext_id for deal in in_flight])
        accepted = {
            deal.deal_id
            for deal in in_flight
            if any(is_the_same_upload(row, deal.sending) for row in histories.get(deal.ext_id, ()))
        }
        missing = {deal.deal_id for deal in in_flight} - accepted
        self._ledger.accept(accepted)
        self._ledger.withdraw(missing)
        self._session.count("deals_read_back", len(accepted))
        log.info("%d of them are in UIS, %d are not", len(accepted), len(missing))
        return missing

    def adopt(self) -> int:
        """Add all deals that UIS has of this account to the ledger; return how many there are."""
        histories: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        try:
            ours = deals.beginning_with(deals.deals_history(), f"{self._session.prefix}-deal-")
            for row in self._session.uis.rows(ours):
                if deal_id_of(self._session.prefix, row.get("ext_id")) is not None:
                    histories[str(row["ext_id"])].append(row)
        except UisPagingError as error:
            log.warning("%s Requesting Megaplan's deals by id instead.", error)
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
        raise UploadOutcomeUnknownError(
            self._session.account, count, f"UIS is still processing {waiting} records"
        )

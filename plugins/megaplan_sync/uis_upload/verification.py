"""Verifies that the report "Raw data, Deals" shows what was sent."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from megaplan_sync.uis_upload.deal_ledger import DealLedger, UnverifiedDeal
from megaplan_sync.uis_upload.directory_ledger import DirectoryLedger
from megaplan_sync.uis_upload.directory_verification import DirectoryVerification
from megaplan_sync.uis_upload.history_rows import is_the_same_state, is_the_same_upload
from megaplan_sync.uis_upload.read_back import ReadBack
from megaplan_sync.uis_upload.report_columns import (
    Difference,
    Directories,
    differences,
    known_columns,
    user_field_columns,
)
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook.account_time import moment_of
from uis_hook.exceptions import (
    UisComponentDisabledError,
    UisForbiddenError,
    UisPagingError,
    UisProtocolError,
    UisValidationError,
)
from uis_hook.reports import (
    DEAL_FIELDS,
    FLAT_REPORT_DAYS,
    columns_tree,
    deals_report,
    report_id_of,
)

log = logging.getLogger(__name__)

MOST_TRIES = 5
PAGE_SIZE = 10_000
NO_REPORT = (
    UisComponentDisabledError,
    UisForbiddenError,
    UisPagingError,
    UisProtocolError,
    UisValidationError,
)


class Verification:
    """Compares one account's uploaded deals with the cabinet."""

    def __init__(self, session: UploadSession, ledger: DealLedger, read_back: ReadBack) -> None:
        self._session = session
        self._ledger = ledger
        self._read_back = read_back

    def run(self) -> None:
        """Compare what deals refer to, then the deals.

        Deals that the report does not show are looked up in the history, and sent again if missing. Those that it
        shows otherwise are sent again, too, once.
        """
        directories = DirectoryVerification(self._session)
        directories.run()
        self._differing = frozenset(directories.differing)
        unverified = self._ledger.unverified(MOST_TRIES)
        if not unverified:
            return
        try:
            rows = self._report(unverified)
        except NO_REPORT as refusal:
            log.warning("%s Verifying by the history of deals instead of the report.", refusal)
            self._by_history(unverified)
            return
        seen = [deal for deal in unverified if deal.ext_id in rows]
        self._save(seen, {deal.deal_id: self._differences(deal, rows[deal.ext_id]) for deal in seen})
        if unseen := [deal for deal in unverified if deal.ext_id not in rows]:
            self._search_history(unseen)

    def _save(self, deals: Sequence[UnverifiedDeal], found: Mapping[int, Sequence[Difference]]) -> None:
        differing = {
            deal_id: ", ".join(each.column for each in some) for deal_id, some in found.items() if some
        }
        self._session.execute(
            "save_verified_uploads",
            deal_ids=[deal.deal_id for deal in deals],
            hashes=[deal.sent_hash for deal in deals],
            differences=[differing.get(deal.deal_id) for deal in deals],
            stale=[
                " ".join(sorted({each.field for each in found.get(deal.deal_id, ()) if each.field}))
                for deal in deals
            ],
        )
        for deal_id, text in list(differing.items())[:20]:
            log.warning("deal %d differs in the report: %s", deal_id, text)
        self._session.count("deals_verified", len(deals) - len(differing))
        self._session.count("deals_differing", len(differing))

    def _search_history(self, unseen: Sequence[UnverifiedDeal]) -> None:
        histories = self._read_back.histories([deal.ext_id for deal in unseen])
        there = [deal.deal_id for deal in unseen if histories.get(deal.ext_id)]
        lost = [deal.deal_id for deal in unseen if not histories.get(deal.ext_id)]
        self._session.execute("mark_uploads_unseen", deal_ids=there)
        self._session.execute("reset_lost_uploads", deal_ids=lost)
        self._session.count("deals_unseen", len(there))
        self._session.count("deals_lost", len(lost))
        if lost:
            log.warning(
                "UIS has lost %d deals that it had accepted; the next run sends them again", len(lost)
            )

    def _by_history(self, unverified: Sequence[UnverifiedDeal]) -> None:
        histories = self._read_back.histories([deal.ext_id for deal in unverified])
        found = [
            deal
            for deal in unverified
            if any(is_the_same_upload(row, deal.sent) for row in histories.get(deal.ext_id, ()))
        ]
        differing = [Difference("the last record in the history", None)]
        self._save(
            found,
            {
                deal.deal_id: differing
                for deal in found
                if not any(is_the_same_state(row, deal.sent) for row in histories[deal.ext_id])
            },
        )
        ids = {deal.deal_id for deal in found}
        lost = [deal.deal_id for deal in unverified if deal.deal_id not in ids]
        self._session.execute("mark_uploads_unseen", deal_ids=lost)
        self._session.count("deals_unseen", len(lost))

    def _report(self, unverified: Sequence[UnverifiedDeal]) -> dict[str, Mapping[str, Any]]:
        """Return the report's rows of these deals, by id in UIS."""
        uis = self._session.uis
        report_id = uis.ask(report_id_of("deals"))
        fields = {
            ext_id: str(row.content)
            for ext_id, row in DirectoryLedger(self._session, "user_field").load().items()
        }
        tree = uis.ask(columns_tree("deals"))
        self._columns, self._known = user_field_columns(tree, fields), known_columns(tree)
        self._directories = Directories(
            funnels=DirectoryLedger(self._session, "funnel").load(),
            employees=DirectoryLedger(self._session, "employee").load(),
            contacts=DirectoryLedger(self._session, "contact").load(),
            differing=self._differing,
        )
        wanted = {deal.ext_id for deal in unverified}
        found: dict[str, Mapping[str, Any]] = {}
        for start, end in self._date_ranges(unverified):
            columns = (*DEAL_FIELDS, *self._columns.values())
            report = deals_report(uis.settings, start, end, report_id, fields=columns, page_size=PAGE_SIZE)
            for row in uis.rows(report):
                if row.get("deal_ext_id") in wanted:
                    found[str(row["deal_ext_id"])] = row
        return found

    def _date_ranges(self, unverified: Sequence[UnverifiedDeal]) -> Iterator[tuple[datetime, datetime]]:
        """Yield the date ranges to request: one for all deals, or one for each if that takes fewer requests."""
        texts = sorted({str(deal.sent["created_date_time"]) for deal in unverified})
        moments = [moment for text in texts if (moment := moment_of(text, self._session.uis.settings.zone))]
        ((rows,),) = self._session.execute("count_uploads_between", first=texts[0], last=texts[-1])
        days = (moments[-1] - moments[0]).total_seconds() / 86_400
        requests_for_all = math.ceil((days + 1) / FLAT_REPORT_DAYS) + rows // PAGE_SIZE
        second = timedelta(seconds=1)
        if len(moments) <= requests_for_all:
            yield from ((moment, moment + second) for moment in moments)
        else:
            yield moments[0], moments[-1] + second

    def _differences(self, deal: UnverifiedDeal, row: Mapping[str, Any]) -> list[Difference]:
        return differences(
            deal.sent, row, directories=self._directories, columns=self._columns, known=self._known
        )

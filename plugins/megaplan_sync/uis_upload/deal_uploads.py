"""Sends the deals that UIS lacks or has in another state, and saves what it has accepted."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from megaplan_sync.uis_upload.batch_sender import BatchSender
from megaplan_sync.uis_upload.deal_fields import FieldSource
from megaplan_sync.uis_upload.deal_ledger import DealLedger, PlannedDeal
from megaplan_sync.uis_upload.deal_records import DealFacts, DealProblem, RecordBuilder
from megaplan_sync.uis_upload.directory_ledger import TRIES, create_once
from megaplan_sync.uis_upload.exceptions import EverythingRefusedError
from megaplan_sync.uis_upload.history_rows import is_the_same_state
from megaplan_sync.uis_upload.read_back import ReadBack
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook.deals import MAX_BATCH, delete_deal, upload_deals_history
from uis_hook.exceptions import (
    UisError,
    UisNotFoundError,
    UisServerError,
    UisTransportError,
    UisValidationError,
)

log = logging.getLogger(__name__)

MOST_REFUSED_IN_A_ROW = 25


class DealUploads:
    """The deals of one account in one run."""

    def __init__(self, session: UploadSession, ledger: DealLedger, builder: RecordBuilder) -> None:
        self._session = session
        self._ledger = ledger
        self._builder = builder
        self._read_back = ReadBack(session, ledger)
        self._zone = session.uis.settings.zone
        self._refused_in_a_row = 0
        self._sender = BatchSender[PlannedDeal](
            self._upload, self._fail, lambda deal: len(deal.records), lambda deal: deal.facts.ext_id
        )

    def send(self, since: datetime | None, sources: Sequence[FieldSource]) -> None:
        """Send what is due, up to 1000 records at once, oldest deals first.

        :param since: only deals changed since then; None means all
        :raises EverythingRefusedError: UIS refuses one deal after another
        :raises UisError: on any error but a refusal
        """
        for batch in self._batches(since, sources):
            self._sender.deliver(batch)

    def delete(self) -> None:
        """Delete the deals that are certainly gone from Megaplan, with their history; one request each."""
        for deal_id, ext_id in self._session.execute("select_uploads_to_delete"):
            try:
                create_once(self._session, delete_deal(ext_id))
            except UisNotFoundError:
                pass
            except UisValidationError as refusal:
                log.warning("deal %s cannot be deleted: %s", ext_id, refusal)
                self._session.count("deletions_refused")
                continue
            self._session.execute("delete_upload", deal_id=deal_id)
            self._session.count("deals_deleted")

    def _batches(self, since: datetime | None, sources: Sequence[FieldSource]) -> Iterator[list[PlannedDeal]]:
        batch: list[PlannedDeal] = []
        records = 0
        for deal in self._planned(since, sources):
            if records + len(deal.records) > MAX_BATCH and batch:
                yield batch
                batch, records = [], 0
            batch.append(deal)
            records += len(deal.records)
        if batch:
            yield batch

    def _planned(self, since: datetime | None, sources: Sequence[FieldSource]) -> Iterator[PlannedDeal]:
        for after, last in self._ledger.id_ranges():
            page = self._ledger.due(after, last, since, sources, self._builder.version)
            moves = self._ledger.moves([facts.deal_id for facts in page])
            known: list[DealFacts] = []
            for facts in page:
                try:
                    records = self._builder.records(facts, moves.get(facts.deal_id, ()), datetime.now(UTC))
                except DealProblem as problem:
                    self._ledger.fail(facts, problem, is_temporary=problem.is_temporary)
                    continue
                deal = PlannedDeal(facts, records[-MAX_BATCH:])
                if facts.sent and len(records) == 1 and is_the_same_state(facts.sent, deal.last(self._zone)):
                    known.append(facts)
                else:
                    yield deal
            self._ledger.confirm(known)

    def _upload(self, deals: Sequence[PlannedDeal]) -> None:
        """Send a batch; after a lost answer, what UIS has is read back before anything is sent again."""
        left = list(deals)
        for tries in range(1, TRIES + 1):
            ids = [deal.facts.deal_id for deal in left]
            self._ledger.intend(left, self._zone)
            try:
                records = [record for deal in left for record in deal.records]
                self._session.uis.ask(upload_deals_history(self._session.uis.settings, records))
            except (UisServerError, UisTransportError) as error:
                if not error.maybe_accepted:
                    self._ledger.withdraw(ids)
                    raise
                log.warning("%s", error)
                missing = self._read_back.resolve(own_request=True)
                self._accepted([deal for deal in left if deal.facts.deal_id not in missing], noted=True)
                left = [deal for deal in left if deal.facts.deal_id in missing]
                if not left:
                    return
                if tries == TRIES:
                    raise
            except (UisError, ValueError):
                self._ledger.withdraw(ids)  # refused, or not sent at all
                raise
            else:
                self._accepted(left)
                return

    def _accepted(self, deals: Sequence[PlannedDeal], *, noted: bool = False) -> None:
        if not deals:
            return
        if not noted:
            self._ledger.accept([deal.facts.deal_id for deal in deals])
        new = sum(1 for deal in deals if deal.facts.sent is None)
        self._session.count("deals_created", new)
        self._session.count("deals_changed", len(deals) - new)
        self._session.count("records_sent", sum(len(deal.records) for deal in deals))
        self._refused_in_a_row = 0
        counts = self._session.counts
        log.info("%d deals uploaded", counts.get("deals_created", 0) + counts.get("deals_changed", 0))

    def _fail(self, deal: PlannedDeal, refusal: UisValidationError) -> None:
        self._ledger.fail(deal.facts, refusal)
        self._refused_in_a_row += 1
        if self._refused_in_a_row >= MOST_REFUSED_IN_A_ROW:
            raise EverythingRefusedError(
                self._session.account, self._refused_in_a_row, str(refusal)
            ) from refusal

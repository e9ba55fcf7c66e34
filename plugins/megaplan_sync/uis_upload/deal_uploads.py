"""Sends the deals that UIS lacks or has in another state, and saves what it has accepted."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from megaplan_sync.uis_upload.batch_sender import BatchSender
from megaplan_sync.uis_upload.deal_fields import FieldSource
from megaplan_sync.uis_upload.deal_ledger import DealLedger, PlannedDeal
from megaplan_sync.uis_upload.deal_records import DealFacts, DealProblem, Move, RecordBuilder
from megaplan_sync.uis_upload.directory_ledger import TRIES, create_once
from megaplan_sync.uis_upload.exceptions import EverythingRefusedError
from megaplan_sync.uis_upload.history_rows import is_the_same_state
from megaplan_sync.uis_upload.read_back import ReadBack
from megaplan_sync.uis_upload.remedies import is_in_future, is_link, remedy_of
from megaplan_sync.uis_upload.session import UploadSession
from uis_hook.clearing import Clearing
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
        self._clearing = Clearing(session.uis.settings.vendor_quirks.deal_clearing)
        self._clock_behind: timedelta | None = None
        """How much the clock of UIS is behind ours at least, as far as a refusal has shown."""
        self._refused_in_a_row = 0
        self._sender = BatchSender[PlannedDeal](
            self._upload, self._repair_or_fail, lambda deal: len(deal.records), lambda deal: deal.facts.ext_id
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
        """Delete the deals that are certainly gone from Megaplan, with their history; one request each.

        What UIS refuses to delete is not asked again until failures are cleared.
        """
        self._session.execute("forget_failures_of_deleted_deals")
        for deal_id, ext_id in self._session.execute("select_uploads_to_delete"):
            try:
                create_once(self._session, delete_deal(ext_id))
            except UisNotFoundError:
                pass
            except UisValidationError as refusal:
                log.warning("deal %s cannot be deleted: %s", ext_id, refusal)
                self._session.execute(
                    "refuse_deletion", deal_id=deal_id, error=str(refusal), remedy=remedy_of(refusal)
                )
                self._session.count("deletions_refused")
                continue
            self._session.execute("delete_upload", deal_id=deal_id)
            self._session.execute("forget_kept_stages")  # they may be empty now
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
                deal = self._converted(facts, moves.get(facts.deal_id, ()))
                if deal is None:
                    continue
                if (
                    facts.sent
                    and facts.stale is None
                    and len(deal.records) == 1
                    and is_the_same_state(facts.sent, deal.last(self._zone))
                ):
                    known.append(facts)
                else:
                    yield deal
            self._ledger.confirm(known)

    def _converted(self, facts: DealFacts, moves: Sequence[Move]) -> PlannedDeal | None:
        """Return a deal with its records; if it cannot be converted, it has failed, and only this one."""
        try:
            deal = PlannedDeal(facts, self._builder.records(facts, moves, datetime.now(UTC))[-MAX_BATCH:])
            for record in deal.records:
                record.params(self._zone, self._clearing)
        except DealProblem as problem:
            self._ledger.fail(facts, problem, problem.remedy, retry_at=problem.retry_at)
        except Exception as error:  # whatever it is, the other deals are sent; its text may quote the deal
            self._ledger.fail(facts, f"it cannot be converted: {type(error).__name__}", "ours")
        else:
            return deal
        return None

    def _upload(self, deals: Sequence[PlannedDeal]) -> None:
        """Send a batch; after a lost answer, what UIS has is read back before anything is sent again."""
        left = self._without_future(deals)
        if not left:
            return
        for tries in range(1, TRIES + 1):
            ids = [deal.facts.deal_id for deal in left]
            self._ledger.intend(left, self._zone, self._clearing)
            try:
                records = [record for deal in left for record in deal.records]
                settings = self._session.uis.settings
                self._session.uis.ask(upload_deals_history(settings, records, clearing=self._clearing))
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

    def _without_future(self, deals: Sequence[PlannedDeal]) -> list[PlannedDeal]:
        """Return the deals whose times have come by the clock of UIS; the others wait without a request."""
        if self._clock_behind is None:
            return list(deals)
        uis_time = datetime.now(UTC) - self._clock_behind
        left = []
        for deal in deals:
            latest = max(record.latest_moment for record in deal.records)
            if latest < uis_time:
                left.append(deal)
            else:
                self._wait(deal, f"its latest time, {latest}, has not come yet by the clock of UIS")
        return left

    def _wait(self, deal: PlannedDeal, reason: str) -> None:
        self._ledger.fail(deal.facts, reason, "wait", retry_at=datetime.now(UTC))

    def _repair_or_fail(self, deal: PlannedDeal, refusal: UisValidationError) -> PlannedDeal | None:
        """Take another form of removing a value if UIS refuses this one; otherwise the deal has failed."""
        now = datetime.now(UTC)
        removed = {name for record in deal.records for name in record.cleared}
        removed_fields = deal.records[-1].cleared_user_fields
        sent = deal.last(self._zone, self._clearing).get("user_fields")
        if (removed or removed_fields) and self._clearing.refuse(
            refusal.field, removed, removed_fields, sent
        ):
            log.info("%s Removing the value in another way.", refusal)
            return deal
        if is_in_future(refusal, deal.records, now, is_new=deal.facts.sent is None):
            behind = now - max(record.latest_moment for record in deal.records)
            self._clock_behind = max(behind, self._clock_behind or behind)
            self._wait(deal, str(refusal))
            return None
        if is_link(refusal):  # somebody has deleted it: verification finds out, and it is created again
            self._session.execute("doubt_directory_rows")
        self._ledger.fail(deal.facts, refusal, remedy_of(refusal))
        self._refused_in_a_row += 1
        if self._refused_in_a_row >= MOST_REFUSED_IN_A_ROW:
            raise EverythingRefusedError(
                self._session.account, self._refused_in_a_row, str(refusal)
            ) from refusal
        return None

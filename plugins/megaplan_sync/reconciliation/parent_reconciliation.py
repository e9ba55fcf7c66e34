"""Deals, or contacts, of one account: audit, sweep, repair, deletions."""

import logging
import time
from collections.abc import Callable, Collection, Sequence, Set
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.kernel.account_lock import account_lock
from megaplan_sync.kernel.entity_run import EntityRun
from megaplan_sync.kernel.exceptions import NotLoadedError, SuspiciousAnswerError
from megaplan_sync.kernel.findings import Findings, RowKey
from megaplan_sync.kernel.night_budget import NightBudgetSpentError
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.canonical import CanonicalPage, Entity
from megaplan_sync.raw.cursor_state import WalkState
from megaplan_sync.raw.entities import CONTACT_COMPANIES, CONTACT_HUMANS
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.flatten import entity_id
from megaplan_sync.raw.history.deal_versions import DealHistory
from megaplan_sync.raw.parents import OWNERS, pages_by_type
from megaplan_sync.raw.prefetch import PageAhead
from megaplan_sync.reconciliation.audit import Audit
from megaplan_sync.reconciliation.recorded_writer import RecordedWriter
from megaplan_sync.reconciliation.repair import LATER_VERSION_HERE, Repair
from megaplan_sync.reconciliation.row_checksums import RowSeals
from megaplan_sync.reconciliation.sweep import Sweep
from megaplan_sync.reconciliation.vanished import IncompleteListError, Vanished

log = logging.getLogger(__name__)


class OwnerReconciliation:
    """The reconciliation of one such table.

    :param state: of the table in this run
    :param findings: of the table
    :param part_findings: of the table of its parts
    :param rights: what the token's user has lost since the last good reconciliation
    :param sleep: waits so many seconds
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        state: EntityRun,
        findings: Findings,
        part_findings: Findings,
        *,
        rights: str | None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._state = state
        self._findings = findings
        self._part_findings = part_findings
        self._rights = rights
        self._sleep = sleep
        self._owners = OWNERS[state.entity]
        self._writer = self._owners.writer(hook)
        self._recorded = RecordedWriter(
            connection, state.account, state.entity, self._writer, findings, part_findings
        )
        self._lists = [EntityPages(hook, connection, spec) for spec in self._owners.lists(hook, connection)]

    def run(self) -> list[str]:
        """Compare and repair.

        :returns: what there is to tell a person
        :raises NotLoadedError: the first load has not ended
        :raises SuspiciousAnswerError: the list is empty, or leaves out rows that exist
        :raises NightBudgetSpentError: the sweep goes on in the next night
        """
        self._refuse_unfinished_load()
        if self._state.audited_at is None:
            Audit(
                self._connection,
                self._state.account,
                self._state.entity,
                self._writer,
                self._recorded,
                self._findings,
                RowSeals(
                    self._connection,
                    self._state.account,
                    self._state.entity,
                    phone_region=self._hook.settings.vendor_quirks.default_phone_region,
                ),
            ).run()
            self._state.audited_at = datetime.now(UTC)
            self._state.save(self._connection)
        try:
            try:
                told = self._compare()
            except IncompleteListError as error:
                log.warning("%s Looking at the whole list once more.", error)
                told = self._compare(once_more=True)
        except NightBudgetSpentError:
            self._execute("pause_sweeps", run_id=self._state.run_id)
            raise
        self._mark_orphans()
        return told

    def _refuse_unfinished_load(self) -> None:
        for pages in self._lists:
            if WalkState.load(self._connection, self._state.account, pages.spec.name).loaded_at is None:
                raise NotLoadedError(self._state.account, self._state.entity)

    def _compare(self, *, once_more: bool = False) -> list[str]:
        if once_more:
            with self._connection.transaction():
                self._findings.forget_vanished()
                self._state.compared_at = None
                self._save()
                for sweep in self._sweeps():
                    sweep.start_over()
        if self._state.compared_at is None:
            began_at = self._sweep_lists(once_more=once_more)
            with self._connection.transaction():
                self._execute("compare_sweep", run_id=self._state.run_id, began_at=began_at)
                self._state.compared_at = datetime.now(UTC)
                self._save()
        Repair(self._hook, self._pages_by_type(), self._recorded, self._findings, self._sleep).run()
        return Vanished(
            self._hook,
            self._connection,
            self._state,
            self._findings,
            ask=self._ask,
            route=self._route,
            mark_parts=self._mark_parts,
            rights=self._rights,
            still_there=self._write_cards,
            back_again=self._not_vanished,
            noted=self._save,
        ).settle()

    def _sweeps(self) -> list[Sweep]:
        expected = self._expected_rows()
        return [
            Sweep(
                self._hook,
                self._connection,
                pages,
                self._state.entity,
                run_id=self._state.run_id,
                reads_content=self._state.depth == "full",
                expected_rows=rows,
            )
            for pages, rows in zip(self._lists, expected, strict=True)
        ]

    def _expected_rows(self) -> list[int]:
        """Return how many rows each list is thought to have: the companies' may well be empty."""
        if len(self._lists) == 1:
            return [self._state.rows_before]
        humans, companies = self._execute("count_present_contacts")[0]
        by_list = {CONTACT_HUMANS.name: humans, CONTACT_COMPANIES.name: companies}
        return [by_list[pages.spec.name] for pages in self._lists]

    def _sweep_lists(self, *, once_more: bool = False) -> datetime:
        """Sweep what this run has not swept yet.

        :param once_more: what the first sweep has seen counts as well
        :returns: when the sweep of the first list began
        """
        sweeps = self._sweeps()
        if not once_more and all(not sweep.state.rows_seen for sweep in sweeps):
            self._execute("delete_swept_rows")
        for sweep in sweeps:
            self._sweep_list(sweep)
            newest = sweep.state.newest_change
            if newest is not None:
                self._state.watermark = max(newest, self._state.watermark or newest)
        return min(sweep.state.began_at for sweep in sweeps)

    def _sweep_list(self, sweep: Sweep) -> None:
        if self._state.depth != "full":
            for page in sweep.pages():
                with self._connection.transaction():
                    sweep.note(page)
                    self._save()
            return
        suspects = {found.id for found in self._findings.waiting_for_resolution("suspect")}
        asked_at = before = self._recorded.now()
        with PageAhead(sweep.pages()) as pages:
            while (taken := pages.take()) is not None:
                asked_at, before = before, self._recorded.now()  # the next page is asked for from here on
                if not taken.is_last:
                    pages.start()
                self._write_page(sweep, taken, suspects, asked_at)

    def _write_page(self, sweep: Sweep, page: ListPage, suspects: set[int], asked_at: datetime) -> None:
        present = [item for item in page.items if item.get("isDropped") is not True]
        CanonicalPage(page.data).bring(present)
        here = [entity_id(item) for item in present if entity_id(item) in suspects]

        def settle(doubtful: Set[int]) -> None:
            self._findings.settle([identity for identity in here if identity not in doubtful])
            self._findings.note("suspect", [RowKey(i) for i in doubtful], evidence=LATER_VERSION_HERE)
            sweep.note(page)
            self._save()

        self._recorded.write(present, distrusted=here, asked_at=asked_at, and_then=settle)

    def _pages_by_type(self) -> dict[str, EntityPages]:
        return pages_by_type(self._state.entity, self._lists)

    def _ask(self, identity: int) -> Entity:
        if self._state.entity == "deals":
            return self._hook.deal(identity)
        if len(self._lists) == 1:
            return self._hook.contractor(identity)
        card = self._hook.request("GET", self._route(identity)).data
        if not isinstance(card, dict) or not card:
            raise SuspiciousAnswerError(f"{self._route(identity)}: Megaplan's answer is no entity")
        return card

    def _route(self, identity: int) -> str:
        """Return the route of a card.

        Where contacts are listed apart the account may not know ``/contractor``, whose 404 would prove nothing.
        """
        path = self._lists[0].spec.path
        if len(self._lists) > 1:
            ((kind,),) = self._execute("select_kind_of_contact", id=identity)
            path = CONTACT_HUMANS.path if kind == "human" else CONTACT_COMPANIES.path
        return f"{path}/{identity}"

    def _not_vanished(self, ids: Collection[int]) -> list[int]:
        return [identity for (identity,) in self._execute("select_swept_ids", ids=list(ids))]

    def _write_cards(self, cards: list[Entity]) -> None:
        """Write rows that the list had left out; what differs is counted as stale."""
        for card in cards:
            pages = self._pages_by_type()[card["contentType"]]
            self._recorded.write(pages.as_in_the_list([card]))

    def _mark_parts(self, ids: Sequence[int]) -> None:
        rows = self._connection.execute(
            read_sql(self._owners.mark_parts),
            {"account": self._state.account, "ids": list(ids)},
        ).fetchall()
        self._part_findings.note("extra", [RowKey(*row) for row in rows], "deleted")
        if isinstance(self._writer.history, DealHistory):
            self._writer.history.close(self._connection, self._state.account, ids)

    def _mark_orphans(self) -> None:
        """Mark parts whose owner is not here, after all owners that belong here are: nobody else looks at them."""
        with account_lock(self._connection, self._state.account), self._connection.transaction():
            rows = self._execute(self._owners.mark_orphans)
            self._part_findings.note("extra", [RowKey(*row) for row in rows], "deleted")

    def _save(self) -> None:
        """Save the state with the requests that were sent so far, within the caller's transaction."""
        self._state.count_requests(self._hook.requests_sent)
        self._state.save(self._connection)

    def _execute(self, statement: str, **values: Any) -> list[Any]:
        cursor = self._connection.execute(
            read_sql(statement), {"account": self._state.account, "entity": self._state.entity, **values}
        )
        return cursor.fetchall() if cursor.description else []

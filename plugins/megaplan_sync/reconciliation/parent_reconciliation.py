"""Reconciles the deals or contacts of one account: audit, sweep, repair, deletions."""

import logging
import time
from collections.abc import Callable, Collection, Set
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.kernel.entity_run import EntityRun
from megaplan_sync.kernel.exceptions import PAUSES, NotLoadedError
from megaplan_sync.kernel.findings import RowKey
from megaplan_sync.kernel.sql import for_table
from megaplan_sync.raw.canonical import Entity, entity_id
from megaplan_sync.raw.change_times import latest_believable
from megaplan_sync.raw.cursor_state import CursorState
from megaplan_sync.raw.entity_lists import lists_of, pages_by_type
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.prefetch import PageAhead
from megaplan_sync.reconciliation.audit import audit
from megaplan_sync.reconciliation.recorded_writer import RecordedWriter
from megaplan_sync.reconciliation.repair import LATER_VERSION_HERE, Repair
from megaplan_sync.reconciliation.sweep import Sweep
from megaplan_sync.reconciliation.vanished import IncompleteListError, Vanished

log = logging.getLogger(__name__)


class ParentReconciliation:
    """Reconciles one such table.

    :param state: state of the table in this run
    :param recorded: writes its rows
    :param rights: rights that the user has lost since the last proven reconciliation
    :param sleep: waits for a number of seconds
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        state: EntityRun,
        recorded: RecordedWriter,
        *,
        rights: str | None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._state = state
        self._recorded = recorded
        self._entity = recorded.entity
        self._findings = recorded.findings
        self._rights = rights
        self._sleep = sleep
        self._lists = [
            EntityPages(hook, connection, spec) for spec in lists_of(self._entity, hook, connection)
        ]
        self._pages_by_type = pages_by_type(self._entity, self._lists)

    def run(self) -> list[str]:
        """Compare and repair.

        :returns: messages for people
        :raises NotLoadedError: the first load has not finished
        :raises SuspiciousAnswerError: the list is empty or incomplete
        :raises WorkPausedError: the sweep continues next night
        """
        self._refuse_unfinished_load()
        if self._state.audited_at is None:
            audit(self._connection, self._state.account, self._recorded)
            self._state.audited_at = datetime.now(UTC)
            self._state.save(self._connection)
        try:
            try:
                messages = self._compare()
            except IncompleteListError as error:
                log.warning("%s Reading the whole list again.", error)
                messages = self._compare(again=True)
        except PAUSES:
            self._execute("pause_sweeps", run_id=self._state.run_id)
            raise
        self._recorded.mark_orphans()
        return messages

    def _refuse_unfinished_load(self) -> None:
        for pages in self._lists:
            if CursorState.load(self._connection, self._state.account, pages.spec.name).loaded_at is None:
                raise NotLoadedError(self._state.account, self._state.entity)

    def _compare(self, *, again: bool = False) -> list[str]:
        if again:
            with self._connection.transaction():
                self._findings.forget_vanished()
                self._state.compared_at = None
                self._save()
                for sweep in self._sweeps():
                    sweep.start_over()
        if self._state.compared_at is None:
            began_at = self._sweep_lists(again=again)
            with self._connection.transaction():
                self._execute("compare_sweep", run_id=self._state.run_id, began_at=began_at)
                for since in filter(None, (pages.choice.since for pages in self._lists)):
                    self._execute("keep_older_rows", run_id=self._state.run_id, since=since)
                self._state.compared_at = datetime.now(UTC)
                self._save()
        Repair(self._hook, self._pages_by_type, self._recorded, self._findings, self._sleep).run()
        messages = Vanished(
            self._hook,
            self._connection,
            self._state,
            self._recorded,
            route=self._route,
            rights=self._rights,
            still_there=self._write_cards,
            back_again=self._not_vanished,
            noted=self._save,
        ).settle()
        self._recorded.forget_unreadable(read_whole=self._state.depth == "full")
        return messages

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
        """Return the expected number of rows of each list; that of companies may well be empty."""
        if len(self._lists) == 1:
            return [self._state.rows_before]
        present = dict(self._execute("count_present_by_type"))
        return [
            sum(
                present.get(content_type, 0)
                for content_type, its in self._pages_by_type.items()
                if its is pages
            )
            for pages in self._lists
        ]

    def _sweep_lists(self, *, again: bool = False) -> datetime:
        """Sweep the lists that this run has not swept yet.

        :param again: keep the rows that the first sweep has seen
        :returns: when the sweep of the first list began
        """
        sweeps = self._sweeps()
        if not again and all(not sweep.state.rows_seen for sweep in sweeps):
            self._execute("delete_swept_rows")
        for sweep in sweeps:
            self._sweep_list(sweep)
            newest = sweep.state.newest_change
            if newest is not None:
                self._state.watermark = max(newest, self._state.watermark or newest)
        return min(sweep.state.began_at for sweep in sweeps)

    def _sweep_list(self, sweep: Sweep) -> None:
        is_full = self._state.depth == "full"
        suspects = {found.id for found in self._findings.waiting_for_resolution("suspect")}
        read_since: datetime | None = None
        is_resumed = sweep.state.rows_seen > 0
        with PageAhead(sweep.pages(), self._recorded.now) as pages:
            while (page := pages.take()) is not None:
                read_since = read_since or page.server_time
                asked_at = pages.asked_at
                if not page.is_last:
                    pages.start()
                if is_full:
                    self._write_page(sweep, page, suspects, asked_at)
                else:
                    self._note(sweep, page, asked_at)
                if page.is_last:
                    self._heal_watermark(sweep, page, None if is_resumed else read_since)

    def _heal_watermark(self, sweep: Sweep, page: ListPage, read_since: datetime | None) -> None:
        """Replace a watermark of the sync that is in the future.

        :param page: the last one
        :param read_since: Megaplan's time when the sweep began: later changes may be missing from it
        """
        newest = sweep.state.newest_change
        watermark = min(newest, read_since) if newest is not None and read_since is not None else None
        values = {
            "list": sweep.list_name,
            "watermark": watermark,
            "latest": latest_believable(page.server_time),
        }
        if self._execute("heal_watermark", **values):
            log.warning(
                "%s of %s: the sync's watermark was ahead of Megaplan's clock; it is %s now",
                sweep.list_name, self._state.account, watermark or "the beginning",
            )  # fmt: skip

    def _write_page(self, sweep: Sweep, page: ListPage, suspects: set[int], asked_at: datetime) -> None:
        """Write entities that differ from the table; most pages have none, and need no lock."""
        present = [item for item in sweep.in_list_form(page) if item.get("isDropped") is not True]
        here = {entity_id(item) for item in present} & suspects if suspects else set()
        written = self._recorded.changed(present) if not here else present
        if not written and not page.odd:
            self._note(sweep, page, asked_at)
            return

        def settle(doubtful: Set[int]) -> None:
            self._findings.settle(here - doubtful)
            self._findings.note("suspect", [RowKey(i) for i in doubtful], evidence=LATER_VERSION_HERE)
            self._note(sweep, page, asked_at)

        self._recorded.write(written, odd=page.odd, distrusted=here, asked_at=asked_at, and_then=settle)

    def _note(self, sweep: Sweep, page: ListPage, asked_at: datetime) -> None:
        self._state.count_requests(self._hook.requests_sent)
        sweep.note(page, asked_at, self._state.requests)

    def _route(self, identity: int) -> str:
        """Return the route of a card.

        If contacts have separate lists, the account may lack ``/contractor``, and its 404 would prove nothing.
        """
        pages = self._lists[-1]
        if len(self._lists) > 1:
            ((content_type,),) = self._execute("select_content_type", id=identity)
            pages = self._pages_by_type.get(content_type, pages)
        return f"{pages.spec.path}/{identity}"

    def _not_vanished(self, ids: Collection[int]) -> list[int]:
        return [identity for (identity,) in self._execute("select_swept_ids", ids=list(ids))]

    def _write_cards(self, cards: list[Entity]) -> None:
        """Write rows that were missing from the list; differences are counted as stale."""
        for card in cards:
            pages = self._pages_by_type.get(str(card.get("contentType")), self._lists[0])
            entities, odd = pages.as_in_the_list([card])
            self._recorded.write(entities, odd=odd)

    def _save(self) -> None:
        """Save the state and the number of requests so far, in the caller's transaction."""
        self._state.count_requests(self._hook.requests_sent)
        self._state.save(self._connection)

    def _execute(self, statement: str, **values: Any) -> list[Any]:
        cursor = self._connection.execute(
            for_table(statement, self._entity.name),
            {"account": self._state.account, "entity": self._state.entity, **values},
        )
        return cursor.fetchall() if cursor.description else []

"""Reads a list that knows when its entities changed: deals and contacts.

First load: oldest first by ``timeCreated``, the cursor saved with every page, so that a killed run goes on
where it ended. Afterwards: latest change first, down to the watermark. (Oldest change first would lose rows:
the row under the cursor may move.) The watermark moves only when a walk has reached the old one.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.kernel.exceptions import SuspiciousAnswerError
from megaplan_sync.kernel.values import moment
from megaplan_sync.raw.canonical import CanonicalPage, Entity
from megaplan_sync.raw.cursor_state import WalkState
from megaplan_sync.raw.entities import LATEST_CHANGE_FIRST, OLDEST_FIRST, EntitySpec
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.page_writers import OwnerWriter, PageCounts
from megaplan_sync.raw.prefetch import PageAhead
from megaplan_sync.raw.progress import Progress

log = logging.getLogger(__name__)


class TimedWalk:
    """The reading of one such list of one account.

    :param hook: speaks to the account
    :param connection: to Postgres; each page is one transaction
    :param spec: which list
    :param write: writes one page
    :param outcome: counts what is done
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        spec: EntitySpec,
        write: OwnerWriter,
        outcome: EntityOutcome,
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._spec = spec
        self._write = write
        self._outcome = outcome
        self._account = hook.account
        self._list = EntityPages(hook, connection, spec)
        self._state = WalkState.load(connection, hook.account, spec.name)
        self._progress = Progress(hook, spec.name, outcome)

    def run(self, *, refresh_run: str | None, dictionary_is_fresh: bool) -> None:
        """Bring the table up to date.

        :param refresh_run: id of the run that asks for everything to be read anew, None to read changes
        :param dictionary_is_fresh: this run has just read the dictionary of custom fields
        """
        if refresh_run is not None and self._state.refresh_run != refresh_run:
            self._state.refresh_run = refresh_run
            self._state.loaded_at = None
            self._state.trail = None
        if self._state.loaded_at is None:
            self._first_load()
        self._catch_up(dictionary_is_fresh=dictionary_is_fresh)

    def _first_load(self) -> None:
        state = self._state
        if state.trail is None:
            state.pages_read = state.rows_read = 0
            self._note_newest_change()
        else:
            log.info(
                "%s of %s: the first load goes on after %d pages with %d rows",
                self._spec.name, self._account, state.pages_read, state.rows_read,
            )  # fmt: skip
        self._progress.total_may_be_told(already_read=state.rows_read)
        self._write.expects_only_new = True
        with PageAhead(self._list.pages(OLDEST_FIRST, state.trail or ())) as pages:
            while (page := pages.take()) is not None:
                if not page.is_last:
                    pages.start()
                state.trail = [dict(anchor) for anchor in page.trail]
                state.pages_read += 1
                state.rows_read += len(page.items)
                self._write_page(page)
        self._write.expects_only_new = False
        state.trail = None
        state.loaded_at = datetime.now(UTC)
        state.fields = self._list.names
        state.fields_watermark = state.watermark
        self._save()

    def _note_newest_change(self) -> None:
        """Every change from here on is newer than this, so catching up afterwards begins here."""
        newest_only = self._hook.pages(
            self._spec.path,
            arguments=self._list.arguments(["timeUpdated"]),
            page_size=1,
            order=LATEST_CHANGE_FIRST,
        )
        page = next(newest_only, None)
        if page is not None:
            self._refuse_sudden_emptiness(page)  # a full refresh asks for rows that are here already
        newest = _changes(page.data if page else [])
        self._state.watermark = max(newest) if newest else None
        self._state.watermark_settled = page is not None and self._is_settled(page)

    def _catch_up(self, *, dictionary_is_fresh: bool) -> None:
        state = self._state
        began_at = state.watermark
        stop_at, may_equal = self._where_to_stop()
        newest, settled = state.watermark, state.watermark_settled
        first = True
        with PageAhead(self._list.pages(LATEST_CHANGE_FIRST)) as pages:
            while (page := pages.take()) is not None:
                changes = _changes(page.data)
                if first:
                    self._refuse_sudden_emptiness(page)
                    if changes:
                        newest = max(newest or changes[0], *changes)
                        settled = self._is_settled(page, newest)
                    first = False
                oldest = min(changes, default=None)
                beyond = stop_at is not None and oldest is not None and oldest < stop_at
                undecided = may_equal and oldest == stop_at
                if not (beyond or undecided or page.is_last):
                    pages.start()
                counts = self._write_page(page, with_state=False)
                if beyond or (undecided and counts.inserted + counts.updated == 0):
                    break
        state.watermark, state.watermark_settled = newest, settled
        state.fields = self._list.names
        if dictionary_is_fresh or state.fields_watermark is None:
            state.fields_watermark = began_at
        state.read_at = datetime.now(UTC)
        self._save()

    def _where_to_stop(self) -> tuple[datetime | None, bool]:
        """Return the change time to read down to, and whether a page that ends exactly there may be the last.

        Normally the watermark less the overlap: changes become visible late and share seconds. Where Megaplan's
        own clock said that the watermark was older than the overlap already when it was read, nothing at or
        before it can still appear, and only its own second is looked at again.
        """
        state = self._state
        if state.watermark is None:
            return None, False
        overlap = timedelta(seconds=self._hook.settings.vendor_quirks.time_updated_overlap_seconds)
        if not set(self._list.names) <= set(state.fields or ()):
            # custom fields have appeared: rows changed since the dictionary was last read may hold them
            seen = state.fields_watermark
            return (None if seen is None else seen - overlap), False
        if state.watermark_settled:
            return state.watermark, True
        return state.watermark - overlap, False

    def _is_settled(self, page: ListPage, newest: datetime | None = None) -> bool:
        newest = newest or self._state.watermark
        overlap = timedelta(seconds=self._hook.settings.vendor_quirks.time_updated_overlap_seconds)
        return page.server_time is not None and newest is not None and page.server_time - newest >= overlap

    def _refuse_sudden_emptiness(self, page: ListPage) -> None:
        if not page.data and self._state.watermark is not None:
            raise SuspiciousAnswerError(
                f"Megaplan answered with an empty list of {self._spec.name} for account {self._account}, "
                "where there were some before. Nothing was changed. Check in Megaplan that the connection's "
                f"user still sees the {self._spec.name}."
            )

    def _write_page(self, page: ListPage, *, with_state: bool = True) -> PageCounts:
        CanonicalPage(page.data).bring(page.items)
        with self._connection.transaction():
            counts = self._write(self._connection, self._account, page.items)
            if with_state:
                self._state.save(self._connection, self._account, self._spec.name)
        self._outcome.add_page(counts)
        self._progress.tell(page)
        return counts

    def _save(self) -> None:
        self._state.save(self._connection, self._account, self._spec.name)


def _changes(entities: Sequence[Entity]) -> list[datetime]:
    """Return the change times of those entities that carry one."""
    found = (moment(entity.get("timeUpdated")) for entity in entities)
    return [_aware(datetime.fromisoformat(value)) for value in found if value is not None]


def _aware(value: datetime) -> datetime:
    return value if value.tzinfo else value.replace(tzinfo=UTC)

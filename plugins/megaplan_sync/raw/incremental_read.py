"""Reads a list with change times: deals and contacts.

First load: oldest first by ``timeCreated``, with the cursor saved with every page, so that a killed run continues
where it ended. Afterwards: latest change first, down to the watermark. (Oldest change first would lose rows,
since the row under the cursor may move.) The watermark advances only after a reading has reached the old one.

The watermark is never later than Megaplan's clock: a deal with a change time in the next year would hide every
change until then. If it is later nevertheless, the next run reads the whole list.

A newly requested field, unless it is a custom field, may be in every row. Then all rows are read again in the
background, some pages in each run, as long as half of the hour's requests are left.
"""

import logging
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.kernel.account_lock import account_transaction
from megaplan_sync.kernel.exceptions import SuspiciousAnswerError
from megaplan_sync.raw.bare_items import WholePage
from megaplan_sync.raw.canonical import Entity, entity_id, is_custom
from megaplan_sync.raw.change_times import change_time, latest_believable, reached
from megaplan_sync.raw.chosen_rows import is_choice
from megaplan_sync.raw.cursor_state import CursorState
from megaplan_sync.raw.entities import LATEST_CHANGE_FIRST, LATEST_CREATED_FIRST, OLDEST_FIRST, EntitySpec
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.fetched_entities import better_here, postgres_now
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.prefetch import PageAhead
from megaplan_sync.raw.private_fields import is_mark
from megaplan_sync.raw.progress import Progress
from megaplan_sync.raw.writer import EntityWriter

log = logging.getLogger(__name__)

_PAGES_AT_ONCE = 5
"""Maximum number of pages that a first load writes in one statement, when Megaplan is faster than Postgres."""
ROWS_TO_FIND_THE_NEWEST = 5
"""More than one, whose change time may be odd or ahead of Megaplan's clock."""
_REREAD_PAGES = 50
"""Maximum number of pages that one run reads again in the background."""


class IncrementalRead:
    """Reads one such list of one account.

    :param hook: client of the account
    :param connection: to Postgres; each page is one transaction
    :param spec: the list
    :param write: writes the pages
    :param outcome: collects the counts
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        spec: EntitySpec,
        write: EntityWriter,
        outcome: EntityOutcome,
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._spec = spec
        self._write = write
        self._outcome = outcome
        self._account = hook.account
        self._list = EntityPages(hook, connection, spec)
        self._state = CursorState.load(connection, hook.account, spec.name)
        self._progress = Progress(hook, spec.name, outcome)

    def run(self, *, refresh_run: str | None, dictionary_is_fresh: bool) -> None:
        """Bring the table up to date.

        :param refresh_run: id of the run that requests a full refresh; None to read changes
        :param dictionary_is_fresh: this run has just read the dictionary of custom fields
        """
        if refresh_run is not None and self._state.refresh_run != refresh_run:
            self._state.refresh_run = refresh_run
            self._state.loaded_at = None
            self._state.cursor = None
        self._look_at_the_choice()
        if self._state.loaded_at is None:
            self._first_load()
        self._catch_up(dictionary_is_fresh=dictionary_is_fresh)
        if self._state.reread_fields is not None:
            self._reread(self._state.reread_fields)

    def _look_at_the_choice(self) -> None:
        """Begin the first load anew if older rows are wanted than before, or its cursor is in another order."""
        state, choice = self._state, self._list.choice
        changed = [name for name in state.fields or () if is_choice(name)] != list(
            filter(is_choice, choice.marks())
        )
        if choice.needs_older_rows(state.fields) or (state.loaded_at is None and changed):
            state.loaded_at = state.cursor = None
        if state.loaded_at is None:
            state.fields = self._form()

    def _first_load(self) -> None:
        """Load all rows, oldest first; with a first day, those created since, latest first."""
        state, choice = self._state, self._list.choice
        if state.cursor is None:
            state.pages_read = state.rows_read = 0
            self._note_newest_change()
        else:
            log.info(
                "%s of %s: the first load continues after %d pages with %d rows",
                self._spec.name, self._account, state.pages_read, state.rows_read,
            )  # fmt: skip
        self._progress.enable_estimate(already_read=state.rows_read)
        order = OLDEST_FIRST if choice.since is None else LATEST_CREATED_FIRST
        in_order = self._list.pages(order, state.cursor or ())
        with PageAhead(in_order, self._now, most=_PAGES_AT_ONCE) as pages:
            while fetched := pages.take_fetched():
                asked_at = pages.asked_at
                is_beyond = choice.is_beyond(fetched[-1].data)
                if not fetched[-1].is_last and not is_beyond:
                    pages.start()
                state.cursor = [dict(anchor) for anchor in fetched[-1].trail]
                state.pages_read += len(fetched)
                state.rows_read += sum(len(page.items) for page in fetched)
                self._write_pages(fetched, asked_at)
                if is_beyond:
                    break
        state.cursor = None
        state.loaded_at = datetime.now(UTC)
        state.fields, state.reread_fields, state.reread_cursor = self._form(), None, None
        state.fields_watermark = state.watermark
        self._save()

    def _note_newest_change(self) -> None:
        """Save the latest change time: after the first load, changes are read from here on."""
        newest_only = self._hook.pages(
            self._spec.path,
            arguments=self._list.arguments(["timeUpdated"]),
            page_size=ROWS_TO_FIND_THE_NEWEST,
            order=LATEST_CHANGE_FIRST,
        )
        page = next(newest_only, None)
        if page is not None:
            self._refuse_sudden_emptiness(page)  # a full refresh reads rows that are already here
        self._state.watermark = None if page is None else _newest_change(page)
        self._state.watermark_seen_at = postgres_now(self._connection)

    def _catch_up(self, *, dictionary_is_fresh: bool) -> None:
        state = self._state
        began_at = state.watermark
        stop_at, may_equal = self._where_to_stop()
        newest = state.watermark
        first, is_newest_known = True, False

        def may_be_last(page: WholePage) -> bool:
            down_to = reached(_changes(page.data))
            if stop_at is None or down_to is None:
                return False
            return down_to <= stop_at if may_equal else down_to < stop_at

        listed = self._list.pages(LATEST_CHANGE_FIRST, since=stop_at)
        with PageAhead(listed, self._now, most=_PAGES_AT_ONCE, pauses_after=may_be_last) as pages:
            while fetched := pages.take_fetched():
                asked_at = pages.asked_at
                page = fetched[0]
                if first:
                    self._refuse_sudden_emptiness(page)
                    if state.watermark is not None and state.watermark > latest_believable(page.server_time):
                        log.warning(
                            "%s of %s: the watermark %s is ahead of Megaplan's clock; reading the whole list",
                            self._spec.name, self._account, state.watermark,
                        )  # fmt: skip
                        newest, began_at, stop_at, may_equal = None, None, None, False
                    first = False
                for page in fetched:
                    if not is_newest_known and (found := _newest_change(page)) is not None:
                        newest, is_newest_known = max(newest or found, found), True
                if not (may_be_last(page) or page.is_last):
                    pages.start()
                is_undecided = may_equal and reached(_changes(page.data)) == stop_at
                if is_undecided and len(fetched) > 1:
                    self._write_pages(fetched[:-1], asked_at, with_state=False)
                    fetched = fetched[-1:]
                is_known = self._write_pages(fetched, asked_at, with_state=False)
                if may_be_last(page) and (is_known or not is_undecided):
                    break
        if newest != state.watermark:
            state.watermark, state.watermark_seen_at = newest, postgres_now(self._connection)
        if state.reread_fields is None:
            state.fields = self._form()
        if dictionary_is_fresh or state.fields_watermark is None:
            state.fields_watermark = began_at
        state.read_at = datetime.now(UTC)
        self._save()

    def _where_to_stop(self) -> tuple[datetime | None, bool]:
        """Return the change time to read down to, and whether a page that ends exactly there may be the last.

        Normally the watermark minus the overlap: changes become visible late and share seconds. If the watermark has
        been the newest change for longer than the overlap, by Postgres' clock alone, nothing at or before it can
        still appear, and only its own second is read again.
        """
        state = self._state
        if state.watermark is None:
            return None, False
        overlap = timedelta(seconds=self._hook.settings.vendor_quirks.time_updated_overlap_seconds)
        look_back = getattr(self._hook.settings, self._spec.look_back) if self._spec.look_back else 0
        overlap = max(overlap, timedelta(minutes=look_back))
        form, before = self._form(), state.fields or []
        new = {name for name in form if name not in before and not is_choice(name)}
        new |= {name for name in before if is_mark(name) and name not in form}  # nothing is private any more
        if state.fields is not None and not all(map(is_custom, new)):
            if state.reread_fields is None or not set(form) <= set(state.reread_fields):
                state.reread_fields, state.reread_cursor = form, None
        elif new:
            # new custom fields: rows changed since the dictionary was last read may contain them
            seen = state.fields_watermark
            return (None if seen is None else min(seen, state.watermark) - overlap), False
        seen_at = state.watermark_seen_at
        if seen_at is not None and not look_back and postgres_now(self._connection) - seen_at > overlap:
            return state.watermark, True
        return state.watermark - overlap, False

    def _reread(self, names: list[str]) -> None:
        """Continue to read all rows again, with fields that were not requested before."""
        state = self._state
        pages_read = 0
        with PageAhead(self._list.pages(OLDEST_FIRST, state.reread_cursor or ()), self._now) as pages:
            while pages_read < _REREAD_PAGES and (page := pages.take()) is not None:
                pages_read += 1
                state.reread_cursor = [dict(anchor) for anchor in page.trail]
                if page.is_last:
                    state.fields, state.reread_fields, state.reread_cursor = names, None, None
                self._write_pages([page], pages.asked_at)
                left = self._hook.budget.remaining()
                if left is not None and left < self._hook.settings.requests_per_hour / 2:
                    break
        log.info(
            "%s of %s: rows are read again because of new fields; %s",
            self._spec.name, self._account, "done" if state.reread_fields is None else "continues in the next run",
        )  # fmt: skip

    def _form(self) -> list[str]:
        """Return the names of the requested fields, and marks of which rows and what of them is copied."""
        return [*self._list.names, *self._list.choice.marks()]

    def _refuse_sudden_emptiness(self, page: ListPage) -> None:
        if not page.data and not page.odd and self._state.watermark is not None:
            raise SuspiciousAnswerError(
                f"Megaplan answered with an empty list of {self._spec.name} for account {self._account}, "
                "where there were some before. Nothing was changed. Check in Megaplan that the connection's "
                f"user still sees the {self._spec.name}."
            )

    def _write_pages(
        self, pages: Sequence[WholePage], asked_at: datetime, *, with_state: bool = True
    ) -> bool:
        """Write pages in one transaction, with one statement, except rows that another run has written meanwhile.

        :param asked_at: not later than the first request, by Postgres' clock
        :returns: whether nothing was new
        """
        items = [item for page in pages for item in self._list.brought_into_list_form(page)]
        odd = [entry for page in pages for entry in page.odd]
        with account_transaction(self._connection, self._account):
            written_since = self._written_since(asked_at, items)
            older = (
                [item for item in items if entity_id(item) not in written_since] if written_since else items
            )
            counts = self._write.write_page(self._connection, self._account, older, odd)
            if with_state:
                self._state.save(self._connection, self._account, self._spec.name)
        counts = counts._replace(read=counts.read + len(items) - len(older))
        self._outcome.add_pages(len(pages), counts)
        self._progress.report(pages[-1])
        return not (written_since or counts.inserted or counts.updated)

    def _written_since(self, asked_at: datetime, items: Sequence[Entity]) -> Collection[int]:
        return better_here(
            self._connection,
            self._account,
            self._write.entity.name,
            items,
            asked_at=asked_at,
            distrusted={entity_id(item) for item in items},  # Megaplan may set a change time back
        )

    def _now(self) -> datetime:
        return postgres_now(self._connection)

    def _save(self) -> None:
        self._state.save(self._connection, self._account, self._spec.name)


def _changes(entities: Sequence[Entity]) -> list[datetime]:
    """Return the change times of the entities that have one."""
    found = map(change_time, entities)
    return [change for change in found if change is not None]


def _newest_change(page: ListPage) -> datetime | None:
    """Return the latest change time of a page that is not ahead of Megaplan's clock."""
    latest = latest_believable(page.server_time)
    return max((change for change in _changes(page.data) if change <= latest), default=None)

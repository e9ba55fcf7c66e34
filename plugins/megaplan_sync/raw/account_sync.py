"""Brings the raw tables of one account up to date."""

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg.errors import InvalidParameterValue
from psycopg.types.json import Jsonb

from megaplan_hook.exceptions import (
    MegaplanAuthError,
    MegaplanRateLimitError,
    MegaplanSettingError,
    MegaplanTransportError,
)
from megaplan_hook.hook import MegaplanHook
from megaplan_sync.kernel.account_lock import account_transaction
from megaplan_sync.kernel.exceptions import (
    OUR_ERRORS,
    PAUSES,
    EntitiesFailedError,
    RequiredFieldRefusedError,
    UnknownEntityError,
    WorkInProgressError,
)
from megaplan_sync.kernel.leases import leased
from megaplan_sync.kernel.postgres_errors import explained, is_lost
from megaplan_sync.kernel.query_length import remembered_query_length
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw import entities
from megaplan_sync.raw.cursor_state import CursorState
from megaplan_sync.raw.custom_field_dictionary import read_custom_fields
from megaplan_sync.raw.entity_lists import lists_of
from megaplan_sync.raw.garbage_collection import rare_collections
from megaplan_sync.raw.incremental_read import IncrementalRead
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.pipelines import whole_pages
from megaplan_sync.raw.writer import EntityWriter, PageCounts

log = logging.getLogger(__name__)

MOST_IN_A_ROW = 2
"""Lists one after another that cannot be read, before the run ends, because a limit keeps them from it (each for a
minute at most), Megaplan cannot be reached, or sends what is no answer of its: then it is not about one list."""
_CLOCK_TOLERANCE = timedelta(minutes=5)
"""Runs do not begin on the second: with a stretch of an hour, every fourth quarter-hourly run reads."""
_REFUSES_EVERYTHING = (MegaplanAuthError, MegaplanSettingError)


class AccountSync:
    """One account, one run.

    :param hook: client of the account
    :param run_id: a retry of this run skips the entities that it has finished
    """

    def __init__(self, hook: MegaplanHook, connection: Session, *, run_id: str) -> None:
        self._hook = hook
        self._connection = connection
        self._run_id = run_id
        self._began_at = datetime.now(UTC)

    def run(self, wanted: Collection[str], *, full_refresh: bool) -> list[EntityOutcome]:
        """Read the wanted entities; the failure of one does not stop the others.

        :param wanted: names of entities, all if empty
        :param full_refresh: read everything again, whatever was read before
        :returns: outcomes, including those of earlier tries of this run, whose changes have not been announced
        :raises EntitiesFailedError: some entities failed; the others were read
        :raises MegaplanSettingError: Postgres does not know the account's time zone
        """
        names = chosen_entities(wanted)
        self._save_account()
        with remembered_query_length(self._hook, self._connection):
            return self._run(names, full_refresh=full_refresh)

    def _run(self, names: Sequence[str], *, full_refresh: bool) -> list[EntityOutcome]:
        read_at = dict(self._execute("select_read_times"))
        earlier = {
            name: EntityOutcome.from_dict(outcome)
            for name, outcome in self._execute("select_entity_runs", run_id=self._run_id)
        }
        outcomes: list[EntityOutcome] = []
        failures: dict[str, Exception] = {}
        in_a_row = 0
        for name in unread_first(names, read_at):
            outcome = earlier.get(name, EntityOutcome(self._hook.account, name))
            if name in earlier and not outcome.partial:
                log.info("%s of %s: finished by an earlier try of this run", name, self._hook.account)
                outcomes.append(outcome)
                continue
            outcome.skipped = None if full_refresh else self._why_too_early(name, read_at)
            if outcome.skipped:
                log.info("%s", outcome)
                outcomes.append(outcome)
                continue
            try:
                with rare_collections(), self._leased(name):
                    outcomes.append(self._entity(outcome, full_refresh=full_refresh))
            except WorkInProgressError as error:
                log.warning("%s", error)
                outcomes.append(EntityOutcome(self._hook.account, name, skipped=str(error)))
            except Exception as error:
                if is_hopeless(error):
                    raise
                failure = explained(error)
                known = isinstance(failure, OUR_ERRORS)
                log.error("%s of %s failed: %s", name, self._hook.account, failure, exc_info=not known)
                failures[f"{name} of {self._hook.account}"] = failure
                in_a_row = count_in_a_row(in_a_row, failure)
            else:
                in_a_row = in_a_row + 1 if outcomes[-1].partial else 0
            if in_a_row >= MOST_IN_A_ROW:
                break
        if failures:
            raise EntitiesFailedError(failures)
        return outcomes

    def _save_account(self) -> None:
        zone = self._hook.settings.account_timezone
        try:
            self._execute("save_account", timezone=zone)
        except InvalidParameterValue as error:
            raise MegaplanSettingError(
                self._hook.megaplan_conn_id,
                "account_timezone",
                f"Postgres does not know {zone!r}",
                "enter a name from SELECT name FROM pg_timezone_names, or update the server's time zones",
            ) from error

    def _leased(self, name: str) -> AbstractContextManager[None]:
        return leased(self._connection, self._hook.account, name, run_id=self._run_id)

    def _why_too_early(self, name: str, read_at: Mapping[str, datetime | None]) -> str | None:
        """Return why an entity is not read in this run; None if it is."""
        settings, entity = self._hook.settings, entities.ENTITIES[name]
        every, tolerance = timedelta(minutes=settings.sync_every_minutes), _CLOCK_TOLERANCE
        if entity.reading != "changes" and (whole := settings.directories_every_minutes) >= (
            settings.sync_every_minutes
        ):
            every, tolerance = timedelta(minutes=whole), timedelta(0)
        times = [read_at.get(spec) for spec in _specs_of(entity) if spec in read_at]
        last = min((time for time in times if time is not None), default=None)
        age = None if last is None or None in times else self._began_at - last
        # a negative age was written by a machine whose clock was wrong
        if age is not None and timedelta(0) <= age < every - tolerance:
            return f"read {last:%H:%M} UTC, read again every {every}"
        return None

    def _entity(self, outcome: EntityOutcome, *, full_refresh: bool) -> EntityOutcome:
        entity = entities.ENTITIES[outcome.entity]
        started_at, sent_before = datetime.now(UTC), self._hook.requests_sent
        outcome.begin()
        try:
            if entity.reading == "changes":
                self._read_changes(entity, outcome, full_refresh=full_refresh)
            else:
                self._read_whole(entity, outcome)
        except PAUSES as pause:
            outcome.partial = str(pause)
        outcome.finish(self._hook.requests_sent - sent_before)
        if outcome.changed or outcome.partial:  # otherwise a retry may as well look again
            with self._connection.transaction():
                self._execute("commit_durably")  # before an asset event announces the rows
                self._execute(
                    "save_entity_run",
                    run_id=self._run_id,
                    entity=outcome.entity,
                    started_at=started_at,
                    outcome=Jsonb(outcome.as_dict()),
                )
        log.log(logging.WARNING if outcome.partial else logging.INFO, "%s", outcome)
        return outcome

    def _read_changes(
        self, entity: entities.RawEntity, outcome: EntityOutcome, *, full_refresh: bool
    ) -> None:
        writer = EntityWriter(entity, self._hook.settings.vendor_quirks.default_phone_region)
        specs = lists_of(entity, self._hook, self._connection)
        try:
            for spec in specs:
                self._walk(spec, writer, outcome, full_refresh=full_refresh)
        except RequiredFieldRefusedError as refusal:
            apart = entity.lists[-1]
            if specs == apart or not refusal.fields <= entities.ONLY_HUMANS_HAVE:
                raise
            log.warning("%s Reading people and companies from separate lists.", refusal)
            for spec in apart:
                self._walk(spec, writer, outcome, full_refresh=full_refresh)

    def _walk(
        self, spec: entities.EntitySpec, writer: EntityWriter, outcome: EntityOutcome, *, full_refresh: bool
    ) -> None:
        dictionary = CursorState.load(self._connection, self._hook.account, entities.CUSTOM_FIELDS)
        IncrementalRead(self._hook, self._connection, spec, writer, outcome).run(
            refresh_run=self._run_id if full_refresh else None,
            dictionary_is_fresh=dictionary.read_at is not None and dictionary.read_at >= self._began_at,
        )

    def _read_whole(self, entity: entities.RawEntity, outcome: EntityOutcome) -> None:
        account = self._hook.account
        state = CursorState.load(self._connection, account, entity.name)
        for counts in self._pages_of(entity):
            outcome.add_pages(1, counts)
        state = replace(state, read_at=datetime.now(UTC), pages_read=outcome.pages, rows_read=outcome.read)
        state.save(self._connection, account, entity.name)

    def _pages_of(self, entity: entities.RawEntity) -> Iterator[PageCounts]:
        if entity.reading == "definitions":
            yield from read_custom_fields(self._hook, self._connection)
            return
        writer = EntityWriter(entity)
        for page in whole_pages(entity, self._hook, self._connection):
            with account_transaction(self._connection, self._hook.account):
                counts = writer.write_page(self._connection, self._hook.account, page.items, page.odd)
            yield counts

    def _execute(self, statement: str, **values: Any) -> list[Any]:
        cursor = self._connection.execute(read_sql(statement), {"account": self._hook.account, **values})
        return cursor.fetchall() if cursor.description else []


def is_hopeless(error: Exception) -> bool:
    """Return whether the account's other entities would fail in the same way."""
    return isinstance(error, _REFUSES_EVERYTHING) or is_lost(error)


def count_in_a_row(before: int, failure: Exception) -> int:
    """Return how many entities one after another could not be read for a reason that may concern them all.

    :param before: how many before this one
    """
    return before + 1 if isinstance(failure, MegaplanRateLimitError | MegaplanTransportError) else 0


def unread_first(names: Sequence[str], read_at: Mapping[str, datetime | None]) -> list[str]:
    """Return first the entities that were never read to their end: what is read again must not use up their requests.

    :param read_at: when each list was last read
    """

    def is_read(name: str) -> bool:
        entity = entities.ENTITIES[name]
        lists = [[spec.name for spec in each] for each in entity.lists] or [[name]]
        return any(all(read_at.get(spec) for spec in each) for each in lists)

    return sorted(names, key=is_read)


def _specs_of(entity: entities.RawEntity) -> list[str]:
    return [spec.name for each in entity.lists for spec in each] or [entity.name]


def chosen_entities(wanted: Collection[str]) -> list[str]:
    """Return the wanted entities in the order of reading, all if none is named.

    :raises UnknownEntityError: there is no entity of that name
    """
    unknown = [name for name in wanted if name not in entities.ALL_ENTITIES]
    if unknown:
        raise UnknownEntityError(unknown, entities.ALL_ENTITIES)
    return [name for name in entities.ALL_ENTITIES if not wanted or name in wanted]

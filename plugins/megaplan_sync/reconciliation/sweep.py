"""Walks over all rows of one list of Megaplan, its cursor saved with every page.

The order is that of creation, which does not change: rows that are changed during the sweep stay in their place,
new ones come at the end. Costs ceil(rows / page size) + 1 requests, with whole rows as well as with ids alone.

A sweep that the night's requests did not suffice for is *paused*: the next run goes on behind its last page, or uses
what it has seen if only the work after it was left.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import ListPage
from megaplan_sync.kernel.exceptions import SuspiciousAnswerError
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.kernel.values import boolean
from megaplan_sync.raw.entities import OLDEST_FIRST, EntitySpec
from megaplan_sync.raw.entity_pages import EntityPages
from megaplan_sync.raw.fetched_entities import change_time
from megaplan_sync.raw.flatten import entity_id


@dataclass
class SweepState:
    """One row of ``megaplan_sync.sweeps``."""

    run_id: str
    reads_content: bool
    began_at: datetime
    finished_at: datetime | None = None
    trail: list[dict[str, Any]] | None = None
    rows_seen: int = 0
    newest_change: datetime | None = None
    paused: bool = False


class Sweep:
    """One such walk.

    :param pages_of: the list; asked for whole rows if ``reads_content``, otherwise for ids and change times
    :param entity: table that the list goes into
    :param expected_rows: roughly how many there are; an empty list is not believed unless it is 0
    """

    def __init__(
        self,
        hook: MegaplanHook,
        connection: Connection[Any],
        pages_of: EntityPages,
        entity: str,
        *,
        run_id: str,
        reads_content: bool,
        expected_rows: int,
    ) -> None:
        self._hook = hook
        self._connection = connection
        self._pages = pages_of
        self._spec: EntitySpec = pages_of.spec
        self._entity = entity
        self._run_id = run_id
        self._reads_content = reads_content
        self._expected_rows = expected_rows
        self.state = self._begin()

    def pages(self) -> Iterator[ListPage]:
        """Yield the pages that are still to be seen; ``note`` each one after it was dealt with.

        :raises SuspiciousAnswerError: the list is empty although the table has rows
        """
        state = self.state
        if state.finished_at is not None:
            return
        left = max(self._expected_rows - state.rows_seen, 0)
        if self._reads_content:
            pages = self._pages.pages(OLDEST_FIRST, state.trail or (), expected_rows=left)
        else:
            names = ["timeCreated", "timeUpdated"]
            if "isDropped" in self._spec.required:
                names.append("isDropped")
            pages = self._hook.pages(
                self._spec.path,
                arguments=self._pages.arguments(names),
                page_size=self._hook.settings.page_size,
                order=OLDEST_FIRST,
                start=tuple(state.trail or ()),  # type: ignore[arg-type]
                expected_rows=left,
            )
        for page in pages:
            if not page.data and not state.rows_seen and self._expected_rows:
                raise SuspiciousAnswerError(
                    f"Megaplan answered with an empty list of {self._spec.name} for account {self._hook.account}, "
                    f"where the table has {self._expected_rows} rows. Nothing was marked as deleted. Check in "
                    f"Megaplan that the connection's user still sees the {self._spec.name}."
                )
            yield page

    def note(self, page: ListPage) -> None:
        """Remember a page's rows and the cursor behind it, within the caller's transaction."""
        state = self.state
        changes = [found for item in page.items if (found := change_time(item)) is not None]
        state.newest_change = max(
            [*changes, *([state.newest_change] if state.newest_change else [])], default=None
        )
        state.rows_seen += len(page.items)
        state.trail = [dict(anchor) for anchor in page.trail]
        if page.is_last:
            state.finished_at, state.trail = datetime.now(UTC), None
        if page.items:
            self._execute(
                "save_swept_rows",
                entity=self._entity,
                ids=[entity_id(item) for item in page.items],
                content_types=[item["contentType"] for item in page.items],
                updated_at=[change_time(item) for item in page.items],
                is_dropped=[boolean(item.get("isDropped")) or False for item in page.items],
            )
        self._save(state)

    def start_over(self) -> None:
        """Begin at the beginning; rows seen before stay seen."""
        self._execute(
            "begin_sweep", entity=self._spec.name, run_id=self._run_id, reads_content=self._reads_content
        )
        self.state = self._load() or self.state

    def _begin(self) -> SweepState:
        state = self._load()
        if state is not None and state.reads_content == self._reads_content:
            goes_on = state.paused and state.rows_seen > 0
            if state.run_id == self._run_id or goes_on:
                taken = replace(state, run_id=self._run_id, paused=False)
                self._save(taken)
                return taken
        self._execute(
            "begin_sweep", entity=self._spec.name, run_id=self._run_id, reads_content=self._reads_content
        )
        begun = self._load()
        if begun is None:
            raise LookupError(f"the sweep of {self._spec.name} was not begun")
        return begun

    def _load(self) -> SweepState | None:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                read_sql("select_sweep"),
                {"account": self._hook.account, "entity": self._spec.name},
            )
            row = cursor.fetchone()
        return SweepState(**row) if row else None

    def _save(self, state: SweepState) -> None:
        values = asdict(state)
        values["trail"] = None if state.trail is None else Jsonb(state.trail)
        self._execute("save_sweep", entity=self._spec.name, **values)

    def _execute(self, statement: str, **values: Any) -> None:
        self._connection.execute(read_sql(statement), {"account": self._hook.account, **values})

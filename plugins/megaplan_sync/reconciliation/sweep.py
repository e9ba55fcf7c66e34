"""Reads all rows of one list of Megaplan and saves the cursor with every page.

Rows are sorted by creation, which never changes: rows changed during the sweep keep their place, new ones are at the
end. Costs ceil(rows / page size) + 1 requests, both with complete rows and with ids only.

If the night's requests run out, the sweep is *paused*: the next run continues after its last page, or uses its rows
if it was finished.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from megaplan_hook.hook import MegaplanHook
from megaplan_hook.paging import Anchor, ListPage
from megaplan_sync.kernel.exceptions import SuspiciousAnswerError
from megaplan_sync.kernel.json_text import json_text
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.kernel.values import time_text
from megaplan_sync.raw.bare_items import WholePage
from megaplan_sync.raw.canonical import Entity
from megaplan_sync.raw.change_times import latest_believable
from megaplan_sync.raw.entities import OLDEST_FIRST, EntitySpec
from megaplan_sync.raw.entity_pages import EntityPages


@dataclass
class SweepState:
    """One row of ``megaplan_sync.sweeps``."""

    run_id: str
    reads_content: bool
    began_at: datetime
    finished_at: datetime | None = None
    cursor: list[Anchor] | None = None
    rows_seen: int = 0
    newest_change: datetime | None = None
    paused: bool = False


class Sweep:
    """Sweeps one list.

    :param pages_of: the list; read completely if ``reads_content``, otherwise only ids and change times
    :param entity: table of the list
    :param expected_rows: rough number of rows; unless it is 0, an empty list is not believed
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

    @property
    def list_name(self) -> str:
        """Name of the list in ``megaplan_sync.walks``."""
        return self._spec.name

    def pages(self) -> Iterator[ListPage]:
        """Yield the remaining pages; call ``note`` after processing each one.

        :raises SuspiciousAnswerError: the list is empty although the table has rows
        """
        state = self.state
        if state.finished_at is not None:
            return
        left = max(self._expected_rows - state.rows_seen, 0)
        pages: Iterator[ListPage]
        if self._reads_content:
            pages = self._pages.pages(OLDEST_FIRST, state.cursor or (), expected_rows=left)
        else:
            names = ["timeCreated", "timeUpdated"]
            if "isDropped" in self._spec.required:
                names.append("isDropped")
            pages = self._hook.pages(
                self._spec.path,
                arguments=self._pages.arguments(names),
                page_size=self._hook.settings.page_size,
                order=OLDEST_FIRST,
                start=state.cursor or (),
                expected_rows=left,
            )
        is_empty_so_far = not state.rows_seen
        for page in pages:
            if not page.data and not page.odd and is_empty_so_far and self._expected_rows:
                raise SuspiciousAnswerError(
                    f"Megaplan answered with an empty list of {self._spec.name} for account {self._hook.account}, "
                    f"where the table has {self._expected_rows} rows. Nothing was marked as deleted. Check in "
                    f"Megaplan that the connection's user still sees the {self._spec.name}."
                )
            is_empty_so_far = False
            yield page

    def in_list_form(self, page: ListPage) -> list[Entity]:
        """Return the complete items of a page in the form that the list gives them."""
        return self._pages.brought_into_list_form(page) if isinstance(page, WholePage) else page.items

    def note(self, page: ListPage, asked_at: datetime, requests: int) -> None:
        """Save a page's rows and the cursor after it, in one statement.

        :param asked_at: Postgres' time before the request
        :param requests: requests sent so far for the entity
        """
        rows = [
            (
                item["id"],
                item["contentType"],
                time_text(item.get("timeUpdated")),
                item.get("isDropped") is True,
            )
            for item in self._pages.choice.among(page.items)
        ]
        values = {
            "account": self._hook.account,
            "entity": self._spec.name,
            "table": self._entity,
            "run_id": self._run_id,
            "page": json_text(rows),
            "cursor": json_text(page.trail),
            "is_last": page.is_last,
            "asked_at": asked_at,
            "latest": latest_believable(page.server_time),
            "requests": requests,
        }
        noted = self._connection.execute(read_sql("note_swept_page"), values).fetchone()
        if noted is None:
            raise LookupError(f"the sweep of {self._spec.name} was not begun")
        self.state.finished_at, self.state.rows_seen, self.state.newest_change = noted

    def start_over(self) -> None:
        """Start again from the beginning, and keep the rows seen before."""
        self._execute(
            "begin_sweep", entity=self._spec.name, run_id=self._run_id, reads_content=self._reads_content
        )
        self.state = self._load() or self.state

    def _begin(self) -> SweepState:
        state = self._load()
        if state is not None and state.reads_content == self._reads_content:
            continues = state.paused and state.rows_seen > 0
            if state.run_id == self._run_id or continues:
                self._execute("take_sweep", entity=self._spec.name, run_id=self._run_id)
                return state
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

    def _execute(self, statement: str, **values: Any) -> None:
        self._connection.execute(read_sql(statement), {"account": self._hook.account, **values})

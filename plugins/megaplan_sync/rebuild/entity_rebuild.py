"""Rebuilds the rows of one entity: generated columns, children, and history, if it has one.

If the payload of a row does not match its hash, one of the two was edited by hand, and only Megaplan knows which is
right. The row is left for ``megaplan_reconciliation``, with its children and history: rebuilding it would make manual
changes look like Megaplan's.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from psycopg.sql import SQL, Identifier

from megaplan_sync.raw.entities import Children, RawEntity
from megaplan_sync.raw.views import refresh_account_view
from megaplan_sync.raw.writer import EntityWriter
from megaplan_sync.rebuild.chunks import Chunks

log = logging.getLogger(__name__)

ROWS_AT_ONCE = 1000
_FIRST = -(2**63)
"""Smaller than every id."""
_MOST_KEYS_NAMED = 10

Key = int | str


class EntityRebuild:
    """Rebuilds one entity of one account in one run.

    :param phone_region: ISO 3166 country code for phone numbers without an international prefix
    """

    def __init__(self, chunks: Chunks, entity: RawEntity, phone_region: str) -> None:
        self._chunks = chunks
        self._entity = entity
        self._writer = EntityWriter(entity, phone_region)
        self._left: set[Key] = set()

    def run(self) -> None:
        """Rebuild all rows, including deleted ones, which stay deleted."""
        entity, children = self._entity, self._entity.children
        if entity.reading == "definitions":
            self._rebuild_table(entity.name, key="key", first="")
            refresh_account_view(self._chunks.connection, self._chunks.account)
            return
        self._rebuild_table(entity.name, and_then=self._rebuild_dependents)
        if children is not None and children.place:
            self._rebuild_table(children.table)
        elif children is not None:
            names = {"table": Identifier(children.table)}
            ((self._chunks.counts(children.table).read,),) = self._chunks.execute("count_rows", names)
        if entity.past_versions is not None:
            self._rebuild_table(
                entity.past_versions, key="deal_id", has_changed_at=False, counted_as="deal_versions"
            )
            self._rebuild_stage_moves()

    def _rebuild_table(
        self,
        table: str,
        *,
        key: str = "id",
        first: Key = _FIRST,
        has_changed_at: bool = True,
        counted_as: str | None = None,
        and_then: Callable[[Sequence[Any]], None] = lambda believed: None,
    ) -> None:
        """Rebuild the generated columns of all rows.

        :param and_then: called in the transaction of each chunk with the keys of rows whose payload matches its hash
        """
        chunks = self._chunks
        counts = chunks.counts(counted_as or table)
        ((underived,),) = chunks.execute("select_underived_condition", table=table)
        names = {"table": Identifier(table), "key": Identifier(key)}
        noted = SQL(", changed_at = now()" if has_changed_at else "")
        update = {**names, "noted": noted, "underived": SQL(underived)}

        def step(after: Key) -> Key | None:
            stored = chunks.execute("select_stored_rows", names, after=after, rows=ROWS_AT_ONCE)
            if not stored:
                return None
            left = [found for found, is_believed in stored if not is_believed]
            believed = list(dict.fromkeys(found for found, is_believed in stored if is_believed))
            self._note_left(table, left)
            counts.read += len(stored)
            counts.left += len(left)
            counts.corrected += len(chunks.execute("rederive_rows", update, keys=believed))
            and_then(believed)
            last: Key = stored[-1][0]
            return last

        chunks.for_each_chunk(first, step)

    def _rebuild_dependents(self, believed: Sequence[int]) -> None:
        """Rebuild the children and current versions of some rows."""
        if self._entity.children is not None:
            self._rebuild_children(self._entity.children, believed)
        if self._entity.past_versions is not None:
            counts = self._chunks.counts("deal_versions")
            counts.read += len(believed)
            counts.corrected += len(self._chunks.execute("correct_present_versions", ids=believed))

    def _rebuild_children(self, children: Children, parents: Sequence[int]) -> None:
        counts = self._chunks.counts(children.table)
        if not children.place:
            written = self._writer.rederive(self._chunks.connection, self._chunks.account, parents)
            counts.corrected += len(written.children_updated)
            counts.inserted += len(written.children_inserted)
            counts.marked += len(written.children_removed)
            return
        ((corrected, marked, missing),) = self._chunks.execute(children.place, ids=parents)
        counts.corrected += corrected
        counts.marked += marked
        counts.left += missing
        if missing:
            log.warning(
                "%s of %s: %d have no row, and their payload is stored nowhere else: run megaplan_deals_sync with "
                '{"entities": ["%s"], "full_refresh": true}',
                children.table, self._chunks.account, missing, self._entity.name,
            )  # fmt: skip

    def _rebuild_stage_moves(self) -> None:
        """Rederive the moves of source ``versions``, see the statement ``rederive_stage_moves``."""
        chunks = self._chunks
        counts = chunks.counts("deal_stage_moves")

        def step(after: int) -> int | None:
            deals = [
                deal
                for (deal,) in chunks.execute("select_deals_with_history", after=after, rows=ROWS_AT_ONCE)
            ]
            if not deals:
                return None
            believed = [deal for deal in deals if deal not in self._left]
            ((read, corrected, inserted, deleted),) = chunks.execute("rederive_stage_moves", ids=believed)
            counts.read += read
            counts.corrected += corrected
            counts.inserted += inserted
            counts.deleted += deleted
            return int(deals[-1])

        chunks.for_each_chunk(_FIRST, step)

    def _note_left(self, table: str, left: Sequence[Key]) -> None:
        if left:
            self._left.update(left)
            log.warning(
                "%s of %s: %d rows were not rebuilt, since their payload does not match its hash: %s%s",
                table, self._chunks.account, len(left), ", ".join(map(str, left[:_MOST_KEYS_NAMED])),
                ", ..." * (len(left) > _MOST_KEYS_NAMED),
            )  # fmt: skip

"""One kind of entity: its rows by id and the orders they are listed in."""

import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .ordering import IndexOrdering, Ordering, RankedOrdering, SortedIndex
from .records import Record

SortKey = tuple[str, bool, Callable[[Record], Any]]


class Table:
    """Rows by id. ``indexed`` fields have an index that is kept up to date by every write."""

    def __init__(self, name: str, indexed: dict[str, Callable[[Record], Any]] | None = None) -> None:
        self.name = name
        self.rows: dict[int | str, Record] = {}
        self.version = 0
        self.omitted: set[int | str] = set()  # rows that lists leave out although they are there
        self.lists_nothing = False
        self._last_id = 0
        self._indexes = {name: SortedIndex(key) for name, key in (indexed or {}).items()}
        self._orders: dict[tuple[tuple[str, bool], ...], tuple[int, Ordering]] = {}
        self._shuffled: list[int | str] | None = None

    def __iter__(self) -> Iterator[Record]:
        return iter(self.rows.values())

    def __len__(self) -> int:
        return len(self.rows)

    def get(self, id: int | str) -> Record | None:
        """Return a row, or None; ids may come as text."""
        row = self.rows.get(id)
        if row is None and isinstance(id, str) and id.isdecimal():
            row = self.rows.get(int(id))
        return row

    def fill(self, records: Iterable[Record]) -> None:
        """Add many rows at once."""
        for record in records:
            self.rows[record.id] = record
            self._note_id(record)
        for index in self._indexes.values():
            index.fill(self.rows.values())
        self.version += 1

    def add(self, record: Record) -> None:
        """Add one row at the end of the internal order."""
        self.rows[record.id] = record
        self._note_id(record)
        for index in self._indexes.values():
            index.add(record)
        if self._shuffled is not None:
            self._shuffled.append(record.id)
        self.version += 1

    def remove(self, record: Record) -> None:
        """Delete one row for good."""
        for index in self._indexes.values():
            index.remove(record)
        del self.rows[record.id]
        if self._shuffled is not None:
            self._shuffled.remove(record.id)
        self.version += 1

    def change(self, record: Record, write: Callable[[], None]) -> None:
        """Run a write of one row and move the row to its new places."""
        for index in self._indexes.values():
            index.remove(record)
        try:
            write()
        finally:
            for index in self._indexes.values():
                index.add(record)
            self.version += 1

    def shuffle(self, seed: int) -> None:
        """Rebuild the internal order, the one lists have without ``sortBy``."""
        ids = list(self.rows)
        random.Random(seed).shuffle(ids)
        self._shuffled = ids
        self.version += 1

    def begin_at(self, id: int) -> None:
        """Start the ids of new rows here, unless there are higher ones."""
        self._last_id = max(self._last_id, id - 1)

    def next_id(self) -> int:
        """Return a fresh numeric id. Ids of deleted rows are never reused."""
        self._last_id += 1
        return self._last_id

    def _note_id(self, record: Record) -> None:
        if isinstance(record.id, int) and record.id > self._last_id:
            self._last_id = record.id

    def ordering(self, sort: list[SortKey]) -> Ordering:
        """Return the rows' order by the given keys, or the internal order without any."""
        if len(sort) == 1 and sort[0][0] in self._indexes:
            return IndexOrdering(self._indexes[sort[0][0]], sort[0][1])
        signature = tuple((name, desc) for name, desc, _ in sort)
        cached = self._orders.get(signature)
        if cached is None or cached[0] != self.version:
            cached = (self.version, RankedOrdering(self._sorted_ids(sort)))
            self._orders[signature] = cached
        return cached[1]

    def _sorted_ids(self, sort: list[SortKey]) -> list[int | str]:
        if not sort:
            return self._shuffled if self._shuffled is not None else self._ids_in_order()
        rows = [self.rows[id] for id in self._ids_in_order()]
        for _, desc, key in reversed(sort):
            rows.sort(key=key, reverse=desc)
        return [row.id for row in rows]

    def _ids_in_order(self) -> list[int | str]:
        return sorted(self.rows, key=lambda id: (isinstance(id, str), id))

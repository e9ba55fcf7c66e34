"""Orders of rows: kept sorted while rows change, so that a page costs its own length only."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from .records import Record

Key = Callable[[Record], Any]


class Ordering(Protocol):
    """A sequence of ids in some order, with the place of every row."""

    def __len__(self) -> int: ...

    def at(self, place: int) -> int | str:
        """Return the id at a place, from zero."""
        ...

    def place_of(self, record: Record) -> int | None:
        """Return a record's place."""
        ...


class SortedIndex:
    """Ids sorted by one key, ties by id."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.entries: list[tuple[Any, int]] = []

    def fill(self, records: Iterable[Record]) -> None:
        """Replace the whole index."""
        self.entries = sorted((self.key(record), int(record.id)) for record in records)

    def add(self, record: Record) -> None:
        """Put one record in its place."""
        insort(self.entries, (self.key(record), int(record.id)))

    def remove(self, record: Record) -> None:
        """Take one record out; its key must still be what it was when added."""
        place = self.place(record)
        if place is not None:
            del self.entries[place]

    def place(self, record: Record) -> int | None:
        """Return the record's place in ascending order."""
        entry = (self.key(record), int(record.id))
        place = bisect_left(self.entries, entry)
        return place if place < len(self.entries) and self.entries[place] == entry else None


class IndexOrdering:
    """A sorted index read upwards or downwards."""

    def __init__(self, index: SortedIndex, desc: bool) -> None:
        self._index = index
        self._desc = desc

    def __len__(self) -> int:
        return len(self._index.entries)

    def at(self, place: int) -> int | str:
        """Return the id at a place, from zero."""
        entries = self._index.entries
        return entries[len(entries) - 1 - place if self._desc else place][1]

    def place_of(self, record: Record) -> int | None:
        """Return a record's place."""
        place = self._index.place(record)
        if place is None or not self._desc:
            return place
        return len(self._index.entries) - 1 - place


class RankedOrdering:
    """Any other order, computed once for a state of the table."""

    def __init__(self, ids: list[int | str]) -> None:
        self._ids = ids
        self._ranks = {id: rank for rank, id in enumerate(ids)}

    def __len__(self) -> int:
        return len(self._ids)

    def at(self, place: int) -> int | str:
        """Return the id at a place, from zero."""
        return self._ids[place]

    def place_of(self, record: Record) -> int | None:
        """Return a record's place."""
        return self._ranks.get(record.id)

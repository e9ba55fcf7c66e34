"""How a list of UIS is read to its end, although rows come, go and move meanwhile. Free of I/O.

UIS pages by ``limit`` (default 1000, at most 10 000) and ``offset`` (at most 100 000) and tells ``total_items``
(vendor's Data API documentation). Offsets are positions, so the order must be the same for every page: lists
are sorted, and since the sort field may be equal in many rows whose order among themselves nobody promises,
the next page begins with the first row of the last page's final group of equals. Rows already yielded are
dropped. When the list has become shorter between two pages, the walk steps back by as much.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import orjson

from uis_hook.exceptions import UisPagingError

MAX_LIMIT = 10_000
MAX_OFFSET = 100_000


@dataclass(frozen=True)
class ListRequest:
    """What list to read.

    :param method: such as ``get.employees``.
    :param params: without access token, limit, offset and sort.
    :param sort_field: by which field UIS sorts; None leaves the order to UIS.
    :param key_fields: what makes a row the same row; none means all of it.
    """

    method: str
    params: Mapping[str, Any]
    sort_field: str | None = None
    key_fields: tuple[str, ...] = ()

    def sort_params(self) -> dict[str, Any]:
        """Return the parameter ``sort``."""
        return {} if self.sort_field is None else {"sort": [{"field": self.sort_field, "order": "asc"}]}

    def key(self, row: Mapping[str, Any]) -> Hashable:
        """Return what identifies a row."""
        if self.key_fields and all(row.get(name) is not None for name in self.key_fields):
            return tuple(str(row[name]) for name in self.key_fields)
        return orjson.dumps(dict(row), option=orjson.OPT_SORT_KEYS)


@dataclass(frozen=True)
class Page:
    """The rows of one page that no earlier page had.

    :param total_items: how many rows the list had at that moment; None when UIS did not say.
    """

    rows: list[dict[str, Any]]
    total_items: int | None
    is_last: bool


class OffsetWalk:
    """Decides which page to ask for next; the caller sends requests and hands over the answers.

    :param request: the list.
    :param page_size: rows asked per page.
    """

    def __init__(self, request: ListRequest, page_size: int) -> None:
        self.request = request
        self.page_size = min(page_size, MAX_LIMIT)
        self._offset = 0
        self._total: int | None = None
        self._seen: set[Hashable] = set()
        self._is_over = False

    def next_window(self) -> dict[str, int] | None:
        """Return ``limit`` and ``offset`` to ask for, or None at the end."""
        return None if self._is_over else {"limit": self.page_size, "offset": self._offset}

    def accept(self, rows: Iterable[dict[str, Any]], total_items: int | None) -> Page:
        """Take the answer to the last window.

        :raises UisPagingError: when there are no rows although more must come, or more than UIS lets one read.
        """
        rows = list(rows)
        shrunk = (
            max(0, self._total - total_items) if self._total is not None and total_items is not None else 0
        )
        self._total = total_items
        if shrunk and self._offset:
            # what stood on this page may have moved onto the one before
            self._offset = max(0, self._offset - shrunk)
            return Page([], total_items, False)
        end = self._offset + len(rows)
        self._is_over = len(rows) < self.page_size if total_items is None else end >= total_items
        if not rows and not self._is_over:
            raise UisPagingError(
                f"{self.request.method}: no rows from offset {self._offset} on, although there are {total_items}"
            )
        new = []
        for row in rows:
            key = self.request.key(row)
            if key not in self._seen:
                self._seen.add(key)
                new.append(row)
        if not self._is_over:
            self._offset = end - self._equals_at_the_end(rows)
            if self._offset > MAX_OFFSET:
                raise UisPagingError(
                    f"{self.request.method}: UIS gives no rows behind offset {MAX_OFFSET}; ask for less at a time"
                )
        return Page(new, total_items, self._is_over)

    def _equals_at_the_end(self, rows: list[dict[str, Any]]) -> int:
        """Count the last rows with the same value of the sort field; 0 when that is the whole page."""
        field = self.request.sort_field
        if field is None or field not in rows[-1]:
            return 0
        last = rows[-1][field]
        equals = sum(1 for _ in takewhile(lambda row: row.get(field) == last, reversed(rows)))
        return 0 if equals == len(rows) else equals

"""How a list of UIS is read to its end, although rows come, go and move meanwhile. Free of I/O.

UIS pages by ``limit`` (default 1000, at most 10 000) and ``offset`` (at most 100 000) and names ``total_items``
(vendor's Data API documentation). Offsets are positions, so the order must be the same for every page: lists
are sorted, and since the sort field may be equal in many rows whose order among themselves nobody promises,
the next page begins with the first row of the last page's final group of equals. Rows already yielded are
dropped. When the list has become shorter between two pages, the next one begins earlier by as much.

Whoever sends the requests, the client or an asynchronous one, drives the pages of a list or a report::

    pages = listing.pages(page_size)
    while (request := pages.next_request()) is not None:
        try:
            answer = ...  # to the request
        except UisValidationError as refusal:
            pages.refuse(refusal)
        else:
            page = pages.accept(answer)
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import Any, Protocol

import orjson

from uis_hook.exceptions import UisPagingError, UisSortProhibitedError, UisValidationError
from uis_hook.jsonrpc import Answer, Request, rows

MAX_LIMIT = 10_000
MAX_OFFSET = 100_000


@dataclass(frozen=True)
class Page:
    """The rows of one page that no earlier page had.

    :param total_items: how many rows the list had at that moment; None when UIS did not say.
    """

    rows: list[dict[str, Any]]
    total_items: int | None
    is_last: bool


class Pages(Protocol):
    """Decides which page to ask for next; the caller sends requests and hands over the answers."""

    def next_request(self) -> Request[Answer] | None:
        """Return what to ask for, or None at the end."""

    def refuse(self, refusal: UisValidationError) -> str:
        """Ask otherwise after UIS has refused the last request; return how, a sentence for the log.

        :raises UisValidationError: the refusal itself, when there is nothing that could be left out.
        """

    def accept(self, answer: Answer) -> Page:
        """Take the answer to the last request.

        :raises UisPagingError: when the list cannot be read to its end.
        """


class Listing(Protocol):
    """What can be read page by page: a :class:`ListRequest`, or a :class:`uis_hook.reports.Report`."""

    def pages(self, page_size: int) -> Pages:
        """Begin to read it.

        :param page_size: rows asked per page, unless the listing has its own.
        """


@dataclass(frozen=True)
class ListRequest:
    """What list to read.

    :param method: such as ``get.employees``.
    :param params: without access token, limit, offset, sort and filter.
    :param sort_field: by which field UIS sorts; None leaves the order to UIS.
    :param key_fields: what makes a row the same row; none means all of it.
    :param filter: ``{"field", "operator", "value"}`` or ``{"filters": […], "condition": "and"}``.
    :param filter_is_optional: whether the list is read whole where UIS does not take the filter: some operators are
        "not for all methods". Other rows may come, too, then.
    :param page_size: rows asked per page; None takes that of the settings.
    """

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    sort_field: str | None = None
    key_fields: tuple[str, ...] = ()
    filter: Mapping[str, Any] | None = None
    filter_is_optional: bool = False
    page_size: int | None = None

    def pages(self, page_size: int) -> OffsetPages:
        """Begin to read it."""
        return OffsetPages(self, self.page_size or page_size)

    def request(self, limit: int, offset: int) -> Request[Answer]:
        """Ask for one page."""
        params = {**self.params, "limit": limit, "offset": offset}
        if self.filter:
            params["filter"] = dict(self.filter)
        if self.sort_field is not None:
            params["sort"] = [{"field": self.sort_field, "order": "asc"}]
        return Request(self.method, params, lambda answer: answer)

    def key(self, row: Mapping[str, Any]) -> Hashable:
        """Return what identifies a row."""
        if self.key_fields and all(row.get(name) is not None for name in self.key_fields):
            return tuple(str(row[name]) for name in self.key_fields)
        return orjson.dumps(dict(row), option=orjson.OPT_SORT_KEYS)


class OffsetPages:
    """The pages of one list; the rules are those of the module.

    Should UIS not sort the list by its field, it is read unsorted when it fits on one page, and refused otherwise.

    :param listing: the list.
    :param page_size: rows asked per page.
    """

    def __init__(self, listing: ListRequest, page_size: int) -> None:
        self._listing = listing
        self._page_size = min(page_size, MAX_LIMIT)
        self._offset = 0
        self._total: int | None = None
        self._seen: set[Hashable] = set()
        self._is_over = False
        self._unsorted: UisSortProhibitedError | None = None

    def next_request(self) -> Request[Answer] | None:
        """Return what to ask for, or None at the end."""
        return None if self._is_over else self._listing.request(self._page_size, self._offset)

    def refuse(self, refusal: UisValidationError) -> str:
        """Leave out the order or the filter, where that is allowed."""
        if isinstance(refusal, UisSortProhibitedError):
            if self._offset or self._listing.sort_field is None:
                raise refusal
            self._unsorted = refusal
            self._listing = replace(self._listing, sort_field=None)
            return "The list is read unsorted."
        if self._listing.filter is None or not self._listing.filter_is_optional:
            raise refusal
        self._listing = replace(self._listing, filter=None)
        self._offset, self._total = 0, None
        return "All rows are read instead."

    def accept(self, answer: Answer) -> Page:
        """Take the answer to the last request.

        :raises UisPagingError: when there are no rows although more must come, or more than UIS lets one read.
        """
        found, total_items = rows(answer), answer.total_items
        if self._unsorted is not None and ((total_items or 0) > len(found) or len(found) >= self._page_size):
            raise UisPagingError(
                f"{self._listing.method}: UIS does not sort it, and unsorted pages may lose rows; name another field"
                " in vendor_quirks, or raise page_size"
            ) from self._unsorted
        shrunk = (
            max(0, self._total - total_items) if self._total is not None and total_items is not None else 0
        )
        self._total = total_items
        if shrunk and self._offset:
            # what stood on this page may have moved onto the one before
            self._offset = max(0, self._offset - shrunk)
            return Page([], total_items, False)
        end = self._offset + len(found)
        self._is_over = len(found) < self._page_size if total_items is None else end >= total_items
        if not found and not self._is_over:
            raise UisPagingError(
                f"{self._listing.method}: no rows from offset {self._offset} on, although there are {total_items}"
            )
        new = []
        for row in found:
            key = self._listing.key(row)
            if key not in self._seen:
                self._seen.add(key)
                new.append(row)
        if not self._is_over:
            self._offset = end - self._equals_at_the_end(found)
            if self._offset > MAX_OFFSET:
                raise UisPagingError(
                    f"{self._listing.method}: UIS gives no rows behind offset {MAX_OFFSET}; ask for less at a time"
                )
        return Page(new, total_items, self._is_over)

    def _equals_at_the_end(self, rows: list[dict[str, Any]]) -> int:
        """Count the last rows with the same value of the sort field; 0 when that is the whole page."""
        field = self._listing.sort_field
        if field is None or field not in rows[-1]:
            return 0
        last = rows[-1][field]
        equals = sum(1 for _ in takewhile(lambda row: row.get(field) == last, reversed(rows)))
        return 0 if equals == len(rows) else equals

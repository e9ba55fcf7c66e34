"""Reads a list that is given in one go, as far as known, to its end should it have pages after all. Free of I/O.

Definitions of custom fields and stages of a pipeline are such lists: documented without paging, like every list of
at most a hundred rows. So the first request asks for nothing; further ones are sent only after a full page, behind
its last row but one: what comes must then begin with a row that is known, which tells the end of the list from a
cursor that is gone, and from a server that ignores it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from megaplan_hook.envelope import Answer, entries
from megaplan_hook.exceptions import (
    MegaplanCursorError,
    MegaplanNotFoundError,
    MegaplanValidationError,
)
from megaplan_hook.links import is_entity, link
from megaplan_hook.paging import MEGAPLAN_PAGE_SIZE

MOST_REQUESTS = 1000


class UnpagedList:
    """The state of one reading; its driver sends ``next_arguments`` until there are none.

    :param path: for messages
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._rows: dict[Any, Any] = {}
        self._cursor: dict[str, Any] | None = None
        self._finished = False
        self._requests = 0
        self._began_anew = False

    @property
    def rows(self) -> list[Any]:
        """What has come so far, in its order; entries that are no entities included."""
        return list(self._rows.values())

    def next_arguments(self) -> dict[str, Any] | None:
        """Say what to ask for next; None when the list has ended.

        :raises MegaplanCursorError: the list has no end
        """
        if self._finished:
            return None
        self._requests += 1
        if self._requests > MOST_REQUESTS:
            raise MegaplanCursorError(f"{self._path}: no end after {MOST_REQUESTS} pages")
        return {} if self._cursor is None else dict(self._cursor)

    def refuse(self, error: MegaplanNotFoundError | MegaplanValidationError) -> None:
        """Take note that Megaplan answered 404 or 422.

        :raises MegaplanAPIError: the error itself, when the cursor cannot be its reason
        :raises MegaplanCursorError: the row under the cursor was gone twice
        """
        if self._cursor is None:
            raise error
        words = " ".join(detail["message"] for detail in error.errors).lower()
        if "extra field" in words and ("pageafter" in words or "limit" in words):
            self._finished = True  # the route has no pages: the first answer was the whole list
            return
        self._begin_anew(f"{error.status} for its row")

    def accept(self, answer: Answer) -> None:
        """Take an answer.

        :raises MegaplanTransportError: it is no list
        :raises MegaplanCursorError: the list cannot be read to its end
        """
        page = entries(answer, self._path)
        keyed = {_key(row): row for row in page}
        last = next(reversed(self._rows), None)
        new = [key for key in keyed if key not in self._rows]
        if self._rows and last not in keyed and not new:
            self._begin_anew("only rows came that were there before" if page else "an empty page")
            return
        self._rows.update((key, keyed[key]) for key in new)
        pagination = answer.pagination
        limit = (pagination and pagination.limit) or MEGAPLAN_PAGE_SIZE
        is_full = len(page) >= limit
        if pagination is not None and pagination.has_more_next is not None:
            is_full = pagination.has_more_next
        if not is_full or (self._cursor is not None and not new):
            self._finished = True
            return
        anchors = [row for row in self._rows.values() if is_entity(row)]
        if not anchors:
            raise MegaplanCursorError(f"{self._path}: a full page without a row to go on behind")
        self._cursor = {"limit": limit, "pageAfter": link(anchors[-2:][0])}

    def _begin_anew(self, reason: str) -> None:
        if self._began_anew:
            raise MegaplanCursorError(f"{self._path}: the cursor does not move ({reason})")
        self._began_anew = True
        self._cursor, self._rows = None, {}


def _key(row: Any) -> Any:
    """Tell rows apart: by what a cursor names, or by all they hold."""
    if is_entity(row):
        return str(row["contentType"]), str(row["id"])
    return repr(sorted(row.items(), key=str)) if isinstance(row, Mapping) else repr(row)

"""How a list is read to its end while its rows move and vanish. Free of I/O.

Megaplan has no offset: a page begins behind a row, ``pageAfter`` (dev.megaplan.ru/apiv3). Two things make
that hard.

*Where the end is.* ``hasMoreNext`` says it, on accounts that send it. Otherwise a page with fewer rows than
the limit is the last one, and after a full page one more request is needed. It may come back empty, which
does not yet prove the end; where the end is expected, pages therefore overlap by one row, see
:meth:`PageWalk._should_overlap`.

*The row under the cursor may be gone*: deleted, or moved elsewhere by the very field the list is sorted by.
The answer is then 404, 422, an empty page or a restart from the beginning. So a walk keeps a :data:`Trail` of
rows it has passed, and steps back along it until a row is found that is still there. Rows that come twice
then are left out as far as they are remembered; whoever stores rows has to do so by their keys in any case.

:class:`PageWalk` holds these rules. Its driver asks for :meth:`~PageWalk.next_arguments`, sends them, and
hands over what came, until there are no more arguments.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from megaplan_hook.cycle_detector import CycleDetector
from megaplan_hook.envelope import Pagination
from megaplan_hook.exceptions import MegaplanCursorError, MegaplanNotFoundError, MegaplanValidationError
from megaplan_hook.links import Link, is_entity, link
from megaplan_hook.sort_keys import Order, SortKey, requests_field, sort_key

__all__ = ["Anchor", "ListPage", "Order", "PageWalk", "Trail"]

MEGAPLAN_PAGE_SIZE = 100
# which rows of the newest page a trail holds, counted from its end; its first row too
ANCHOR_POSITIONS = (1, 2, 3, 5, 9, 17, 33, 65)
EARLIER_ANCHORS = 10
# pages whose rows are remembered: those a step back can lead to, and a little more
REMEMBERED_PAGES = EARLIER_ANCHORS + 2
MOST_STEPS_BACK = 200
FEWEST_ROWS_TO_OVERLAP = 3

RowId = tuple[str, str]
Place = tuple[RowId, SortKey | None]
"""Of a row: which it is and where it stands in the order."""


class Anchor(TypedDict):
    """A row that a walk has passed. ``key`` is its place in the order, or the last one known before it."""

    contentType: str
    id: str
    key: SortKey | None


Trail = tuple[Anchor, ...]
"""Anchors from the oldest to the newest, at most 19. Plain JSON: store it, and start a later walk from it."""


@dataclass(frozen=True)
class ListPage:
    """One page of a walk.

    :param items: the rows that this walk has not given before (as far as it remembers). A row may be a bare
        ``{contentType, id}`` when Megaplan printed it in full earlier in the same answer.
    :param data: all rows of the answer, needed to restore such links; also those given by an earlier page.
    :param pagination: what Megaplan says about the page.
    :param server_time: Megaplan's clock when it answered, in UTC, whole seconds.
    :param trail: where to go on after these items are stored.
    :param is_last: whether the walk ends here; exactly the last page of a finished walk says so. It may be
        without items.
    :param odd: what stood in the answer and is no entity: null, or without contentType or id.
    """

    items: list[dict[str, Any]]
    data: list[dict[str, Any]]
    pagination: Pagination | None
    server_time: datetime | None
    trail: Trail
    is_last: bool
    odd: Sequence[Any] = ()


class PageWalk:
    """The state of one walk over one list.

    :param arguments: what to ask besides ``limit``, ``sortBy`` and ``pageAfter``, which the walk sets itself.
    :param page_size: rows asked per page.
    :param order: None leaves the order to Megaplan: an internal index, not by date.
    :param start: the trail of an earlier walk with the same arguments and order; empty begins at the
        beginning.
    :param expected_rows: roughly how many rows the list is thought to have, of a resumed walk how many are
        left behind ``start``. When it is about right, the walk over a whole list of N rows costs at most
        ceil(N / page size) + 1 requests, otherwise and with None one more at most; steps back, and rows that
        an inclusive cursor repeats, come on top (the proof is with :meth:`_should_overlap`). It decides
        nothing else: a wrong one loses no row.
    :raises ValueError: when the order's field is not among the requested ones.
    """

    def __init__(
        self,
        arguments: Mapping[str, Any] | None = None,
        *,
        page_size: int = MEGAPLAN_PAGE_SIZE,
        order: Order | None = None,
        start: Iterable[Anchor] = (),
        expected_rows: int | None = None,
    ) -> None:
        arguments = dict(arguments or {})
        if own := {"limit", "sortBy", "pageAfter", "pageBefore", "pageWith"} & set(arguments):
            raise ValueError(f"a walk sets {', '.join(sorted(own))} itself")
        if order is not None and not requests_field(arguments, order.field):
            raise ValueError(f"rows are to be sorted by {order.field!r}, so 'fields' has to name it")
        self._arguments = arguments
        self._page_size = page_size
        self._order = order
        self._expected_rows = expected_rows
        self._rows_given = 0
        # how many pages were asked for behind the last row but one
        self._overlaps = 0
        # whether the newest page began with the very row that it was asked behind
        self._cursor_is_inclusive = False
        # rows to step back to, oldest first; the walk has passed them all. The first few are of earlier pages
        self._trail: list[Anchor] = [
            Anchor(contentType=a["contentType"], id=a["id"], key=a["key"]) for a in start
        ]
        self._earlier = max(0, len(self._trail) - 1)
        # the row under the cursor; None is the beginning
        self._cursor: Anchor | None = self._trail[-1] if self._trail else None
        # how many anchors of the trail are still good to step back to, the cursor itself included
        self._position = len(self._trail)
        self._resumed = bool(self._trail)
        self._finished = False
        self._accepted_before = False
        self._began_anew = False
        self._steps_back = 0
        # whether the walk is on ground it has already covered, after a step back
        self._replaying = False
        # since something new came: cursors that failed, and those of them answered by an empty page;
        # since the last step back: cursors that led on to known rows
        self._failed: set[RowId] = set()
        self._answered_empty: set[RowId] = set()
        self._passed: set[RowId] = set()
        self._first_page: dict[RowId, SortKey | None] = {}
        self._first_row: RowId | None = None
        self._recent: deque[dict[RowId, SortKey | None]] = deque(maxlen=REMEMBERED_PAGES)
        self._recent.append({_row_id(anchor): anchor["key"] for anchor in self._trail})
        self._cycle = CycleDetector()

    def next_arguments(self) -> dict[str, Any] | None:
        """Say what to ask for next; None when the walk has ended."""
        if self._finished:
            return None
        asked: dict[str, Any] = {**self._arguments, "limit": self._page_size}
        if self._order is not None:
            asked["sortBy"] = self._order.sort_by()
        if self._cursor is not None:
            asked["pageAfter"] = link(self._cursor)
        return asked

    def refuse(self, error: MegaplanNotFoundError | MegaplanValidationError) -> None:
        """Take note that Megaplan answered 404 or 422.

        :raises MegaplanAPIError: the error itself, when a vanished cursor cannot be its reason.
        """
        if self._cursor is None:
            raise error
        if isinstance(error, MegaplanValidationError) and not self._accepted_before and error.is_about_fields:
            raise error
        self._step_back(f"{error.status} for its row")

    def accept(
        self,
        rows: Sequence[Any],
        pagination: Pagination | None = None,
        server_time: datetime | None = None,
    ) -> ListPage | None:
        """Take an answer; return its page, or None when it only shows that the walk has to step back.

        :raises MegaplanCursorError: when there is nowhere left to step back to.
        """
        data: list[dict[str, Any]] = [row for row in rows if is_entity(row)]
        odd = [row for row in rows if not is_entity(row)]
        self._accepted_before = True
        if odd and not data:
            return self._accept_odd(odd, pagination, server_time)
        if not data:
            return self._accept_empty(pagination, server_time)
        if self._is_restart(data):
            self._step_back("the list began anew")
            return None

        if self._cursor is not None:
            self._cursor_is_inclusive = _row_id(data[0]) == _row_id(self._cursor)
        places = [(_row_id(row), sort_key(row, self._order)) for row in data]
        new = self._new_rows(data, places)
        self._rows_given += len(new)
        last_row = places[-1][0]
        is_last = self._is_last_page(len(rows), pagination) or (
            last_row in self._answered_empty and not (pagination and pagination.has_more_next)
        )
        if not new and not is_last and (not self._replaying or last_row in self._failed | self._passed):
            self._step_back("only rows came that were there before")
            return None

        anchors = self._anchors(places)
        if new:
            self._replaying = self._replaying and data[-1] is not new[-1]
            self._advance(places, anchors)
        else:
            self._passed.add(last_row)
        self._cursor = anchors[-1]
        if new and not is_last and self._should_overlap(len(data), pagination):
            self._cursor = anchors[-2]
            self._position -= 1
            self._overlaps += 1
        self._finished = is_last
        return ListPage(new, data, pagination, server_time, tuple(self._trail), is_last, odd)

    # -- what a page says

    def _accept_odd(
        self, odd: list[Any], pagination: Pagination | None, server_time: datetime | None
    ) -> ListPage | None:
        """Take a page of nothing but entries that are no entities: no cursor can stand behind one of them.

        Unless it is the last page, a larger one is asked for.
        """
        if not self._is_last_page(len(odd), pagination):
            if self._page_size >= MEGAPLAN_PAGE_SIZE:
                raise MegaplanCursorError(
                    f"no entry of a whole page ({len(odd)}) has contentType and id: there is no row to go on behind"
                )
            self._page_size = min(2 * self._page_size, MEGAPLAN_PAGE_SIZE)
            return None
        self._finished = True
        return ListPage([], [], pagination, server_time, tuple(self._trail), True, odd)

    def _accept_empty(self, pagination: Pagination | None, server_time: datetime | None) -> ListPage | None:
        if self._cursor is None:
            if self._resumed or self._first_row is not None or (pagination and pagination.has_more_next):
                raise MegaplanCursorError(
                    "the list is empty from its beginning, although it had or is said to have rows"
                )
            self._finished = True
            return ListPage([], [], pagination, server_time, (), True)
        # the end, or a vanished cursor: an earlier row shows which
        self._answered_empty.add(_row_id(self._cursor))
        self._step_back("an empty page")
        return None

    def _is_last_page(self, rows: int, pagination: Pagination | None) -> bool:
        """Judge by hasMoreNext, else by the number of rows."""
        if pagination is not None and pagination.has_more_next is not None:
            return not pagination.has_more_next
        limit = pagination.limit if pagination is not None else None
        if limit is not None and limit > 0:
            return rows < min(self._page_size, limit)
        # the limit in effect is unknown: it may have been cut down to Megaplan's own
        return rows < min(self._page_size, MEGAPLAN_PAGE_SIZE)

    def _should_overlap(self, rows: int, pagination: Pagination | None) -> bool:
        """Tell whether the page after a full one of so many rows is asked for behind its last row but one.

        The next page then begins with a row that is known. One with nothing else shows the end at once, since
        the row under the cursor must be there; behind the very last row the page would be empty, and one more
        request would have to prove that. Should the known row be gone meanwhile, what follows it comes all
        the same; should the cursor's row be gone, the walk steps back as ever.

        What that costs: let pages have p rows, and m of the first k pages overlap. As long as they are full
        they hold kp - m rows of the list's N, so the walk is over with the first k for which kp - m > N. At
        k = ceil(N / p) + 1 there is kp >= N + p, hence m < p makes sure that it is over by then: at most
        ceil(N / p) + 1 requests, provided that the page beyond a full end is one that overlaps.

        Overlaps are therefore few, p - 1, and kept for where the end is thought to be: from p / 2 pages before
        it (50 of 100 rows) they reach nearly as far beyond it. A list that ends elsewhere, exactly with a full
        page, costs ceil(N / p) + 2. No rule without a good guess does better beyond about p * p rows. It is an
        insurance: where the last page is not full, the m repeated rows may take one request that a plain walk
        saves, within the same bound.

        An account whose cursor is inclusive overlaps by itself, so nothing is added. It gives p - 1 new rows a
        page, whatever is asked, and the walk costs at most ceil((N - 1) / (p - 1)) + 1. It is also why pages
        of one or two rows do not overlap: they would bring nothing new.
        """
        if self._expected_rows is None or self._cursor_is_inclusive:
            return False
        if pagination is not None and pagination.has_more_next is not None:
            return False
        pages_before_the_end = rows // 2
        return (
            rows >= FEWEST_ROWS_TO_OVERLAP
            and self._overlaps < rows - 1
            and self._rows_given >= self._expected_rows - pages_before_the_end * rows
        )

    def _is_restart(self, data: list[dict[str, Any]]) -> bool:
        """Tell whether Megaplan, not finding the cursor, began again: the page stands before the cursor."""
        if self._cursor is None:
            return False
        first_row = _row_id(data[0])
        # where the cursor is inclusive, a page behind the first row begins with the first row
        if first_row == self._first_row and first_row != _row_id(self._cursor):
            key = sort_key(data[0], self._order)
            if key is None or key == self._first_page[first_row]:
                return True
        if self._order is None:
            return False
        first_key = next((key for row in data if (key := sort_key(row, self._order)) is not None), None)
        return self._order.is_before(first_key, self._cursor["key"])

    def _new_rows(self, data: list[dict[str, Any]], places: Sequence[Place]) -> list[dict[str, Any]]:
        """Leave out what recent pages have given; a row at another place in the order is a new version."""
        new: list[dict[str, Any]] = []
        here: set[RowId] = set()
        known = (self._first_page, *self._recent)
        for row, (row_id, key) in zip(data, places, strict=True):
            if row_id in here:
                continue
            here.add(row_id)
            for page in known:
                if row_id in page and (key is None or key == page[row_id]):
                    break
            else:
                new.append(row)
        return new

    # -- moving

    def _anchors(self, places: Sequence[Place]) -> list[Anchor]:
        """Choose the rows of a page that a walk can step back to, in their order."""
        wanted = {len(places) - position for position in ANCHOR_POSITIONS if position <= len(places)} | {0}
        anchors: list[Anchor] = []
        key = self._cursor["key"] if self._cursor else None
        for index, ((kind, entity_id), own_key) in enumerate(places):
            key = key if own_key is None else own_key
            if index in wanted:
                anchors.append(Anchor(contentType=kind, id=entity_id, key=key))
        return anchors

    def _advance(self, places: Sequence[Place], anchors: list[Anchor]) -> None:
        """Go on behind a page that brought something new."""
        rows = dict(places)
        if self._cursor is None and self._first_row is None:
            self._first_page, self._first_row = rows, places[0][0]
        self._recent.append(rows)
        passed = self._trail[: self._position] if self._cursor is not None else []
        # of the page before, the row that led here is enough
        earlier = (passed[: self._earlier] + passed[self._earlier :][-1:])[-EARLIER_ANCHORS:]
        self._trail, self._earlier = earlier + anchors, len(earlier)
        self._position = len(self._trail)
        self._failed.clear()
        self._answered_empty.clear()
        if self._cycle.sees(anchors[-1]):
            raise MegaplanCursorError(f"the list goes round in circles at {_named(anchors[-1])}")

    def _step_back(self, reason: str) -> None:
        """Put the cursor on the next earlier anchor, at last on the beginning.

        :raises MegaplanCursorError: when the beginning has been tried already, or this happens endlessly.
        """
        here = _named(self._cursor) if self._cursor else "the beginning"
        if self._cursor is not None:
            self._failed.add(_row_id(self._cursor))
        self._steps_back += 1
        self._replaying = True
        self._passed.clear()
        self._cycle.reset()
        # the anchor that led here, then those that have failed themselves
        self._position = max(0, self._position - 1)
        while self._position > 0 and _row_id(self._trail[self._position - 1]) in self._failed:
            self._position -= 1
        if self._position > 0:
            self._cursor = self._trail[self._position - 1]
        elif not self._began_anew:
            self._began_anew = True
            self._cursor = None
        else:
            raise MegaplanCursorError(
                f"the cursor does not move at {here} ({reason}), nor from any earlier row"
            )
        if self._steps_back > MOST_STEPS_BACK:
            raise MegaplanCursorError(f"stepped back {MOST_STEPS_BACK} times, last at {here} ({reason})")


def _row_id(row: Mapping[str, Any] | Anchor) -> RowId:
    target: Link = link(row)
    return target["contentType"], target["id"]


def _named(anchor: Anchor) -> str:
    return f"{anchor['contentType']} {anchor['id']}"

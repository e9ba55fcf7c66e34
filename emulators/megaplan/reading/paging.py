"""Pages by cursor: there is no offset, a page starts at an entity of the list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..data.ordering import Ordering
from ..data.records import Record
from ..errors import NotFoundError, UnprocessableError, WrongTypeError
from ..knobs import Knobs
from .query import read_limit

Find = Callable[[str, Any], Record | None]
Keep = Callable[[Record], bool]

ABSTRACT_TYPES = {"Contractor": frozenset({"ContractorHuman", "ContractorCompany"})}


@dataclass
class Page:
    """Rows of one answer and what its ``pagination`` says."""

    rows: list[Record]
    limit: int
    count: int
    has_more: bool


@dataclass
class Listing:
    """A list as the pager sees it: an order, how to find rows and which of them belong."""

    ordering: Ordering
    row: Callable[[int | str], Record | None]
    find: Find
    keep: Keep
    content_types: tuple[str, ...]


def take_page(listing: Listing, args: dict[str, Any], knobs: Knobs) -> Page:
    """Return the page that the arguments name."""
    limit = read_limit(args, knobs)
    direction = next(
        (name for name in ("pageAfter", "pageBefore", "pageWith") if args.get(name) is not None), None
    )
    place = 0
    if direction is not None:
        found = _cursor_place(args[direction], direction, listing, knobs)
        if found is None and knobs.gone_cursor == "empty":
            return Page([], limit, 0, False)
        if found is None:
            direction = None
        else:
            place = found
    if direction == "pageBefore":
        rows, has_more = _before(listing, place, limit)
    elif direction == "pageWith":
        rows, has_more = _with(listing, place, limit)
    else:
        if direction == "pageAfter" and not knobs.page_after_inclusive:
            place += 1
        rows, has_more = _forward(listing, place, limit)
    count = len(rows) if knobs.count_mode == "page" else _total(listing)
    return Page(rows, limit, count, has_more)


def _cursor_place(cursor: Any, argument: str, listing: Listing, knobs: Knobs) -> int | None:
    """Return the place of the cursor's row; None when it is gone and the knob tolerates that."""
    if not isinstance(cursor, dict) or "id" not in cursor:
        raise WrongTypeError(cursor, "BaseEntity", argument)
    content_type = cursor.get("contentType")
    candidates = [content_type] if content_type in listing.content_types else []
    if not candidates and knobs.abstract_cursor == "accept" and content_type in ABSTRACT_TYPES:
        candidates = [name for name in listing.content_types if name in ABSTRACT_TYPES[content_type]]
    if not candidates:
        union = "|".join(listing.content_types)
        raise UnprocessableError(f"'{content_type or 'stdClass'}' is not assignable to '{union}'", argument)
    found = (listing.find(name, cursor["id"]) for name in candidates)
    record = next((record for record in found if record is not None), None)
    place = None if record is None else listing.ordering.place_of(record)
    if place is None and knobs.gone_cursor == "404":
        raise NotFoundError
    if place is None and knobs.gone_cursor == "422":
        raise UnprocessableError(f"Entity {content_type} with id {cursor['id']} is not found", argument)
    return place


def _forward(listing: Listing, place: int, limit: int) -> tuple[list[Record], bool]:
    rows: list[Record] = []
    for position in range(place, len(listing.ordering)):
        row = listing.row(listing.ordering.at(position))
        if row is not None and listing.keep(row):
            if len(rows) == limit:
                return rows, True
            rows.append(row)
    return rows, False


def _before(listing: Listing, place: int, limit: int) -> tuple[list[Record], bool]:
    rows: list[Record] = []
    for position in range(place - 1, -1, -1):
        row = listing.row(listing.ordering.at(position))
        if row is not None and listing.keep(row):
            rows.append(row)
            if len(rows) == limit:
                break
    return rows[::-1], True


def _with(listing: Listing, place: int, limit: int) -> tuple[list[Record], bool]:
    kept = [position for position in range(len(listing.ordering)) if _kept(listing, position)]
    earlier = sum(1 for position in kept if position < place)
    start = earlier // limit * limit
    rows = [listing.row(listing.ordering.at(position)) for position in kept[start : start + limit]]
    return [row for row in rows if row is not None], start + limit < len(kept)


def _kept(listing: Listing, position: int) -> bool:
    row = listing.row(listing.ordering.at(position))
    return row is not None and listing.keep(row)


def _total(listing: Listing) -> int:
    return sum(1 for position in range(len(listing.ordering)) if _kept(listing, position))


class GivenOrder:
    """The order of a short list that belongs to one entity."""

    def __init__(self, rows: Sequence[Record]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def at(self, place: int) -> int | str:
        """Return the place itself: rows of such a list are found by it."""
        return place

    def place_of(self, record: Record) -> int | None:
        """Return a record's place."""
        return next((place for place, row in enumerate(self._rows) if row is record), None)


def listing_of(rows: Sequence[Record], content_types: tuple[str, ...]) -> Listing:
    """Return a listing over rows that are already at hand."""

    def find(content_type: str, id: Any) -> Record | None:
        wanted = (content_type, str(id))
        return next((row for row in rows if (row.content_type, str(row.id)) == wanted), None)

    return Listing(GivenOrder(rows), lambda place: rows[int(place)], find, lambda row: True, content_types)

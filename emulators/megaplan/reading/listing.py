"""Answers with lists: arguments, filter, order, page, items, pagination."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..call import Answer, Call
from ..data.records import Record
from ..data.table import Table
from .filters import CompiledFilter, FilterScope, compile_filter
from .paging import Listing, Page, listing_of, take_page
from .query import PAGING, check_arguments, read_flag, read_limit
from .rendering import Renderer
from .selection import parse_selection
from .sorting import Keys, parse_sort

Keep = Callable[[Record, CompiledFilter | None], bool]


@dataclass(frozen=True)
class ListRoute:
    """What differs from one list route to another."""

    request_type: str
    content_types: tuple[str, ...]
    sortable: Keys = field(default_factory=dict)
    extra: frozenset[str] = frozenset()
    filter_type: str = ""
    filter_fields: Any = None


def list_table(call: Call, table: Table, route: ListRoute, keep: Keep | None = None) -> Answer:
    """Answer with a page of a table."""
    known = PAGING | route.extra | ({"filter"} if route.filter_type else set())
    check_arguments(call.args, known, route.request_type, call.store.knobs)
    compiled = None
    if route.filter_type and route.filter_fields is not None:
        scope = FilterScope(route.filter_type, route.filter_fields, route.content_types[0], call.store)
        compiled = compile_filter(call.args.get("filter"), scope)
    ordering = table.ordering(parse_sort(call.args.get("sortBy"), route.sortable))
    store, omitted = call.store, table.omitted
    if table.lists_nothing:
        return _answer(call, Page([], read_limit(call.args, store.knobs), 0, False), route.content_types)

    def belongs(row: Record) -> bool:
        if row.id in omitted:
            return False
        if row.content_type not in route.content_types or not store.is_visible(row):
            return False
        if store.as_read(row) is None:
            return False
        return (keep is None or keep(row, compiled)) and (compiled is None or compiled.keep(row))

    def find(content_type: str, id: Any) -> Record | None:
        row = store.find(content_type, id)
        return row if row is not None and store.is_visible(row) else None

    listing = Listing(ordering, table.rows.get, find, belongs, route.content_types)
    return _answer(call, take_page(listing, call.args, store.knobs), route.content_types)


def list_rows(
    call: Call, rows: Sequence[Record], request_type: str, *content_types: str, extra: str = ""
) -> Answer:
    """Answer with a page of rows that belong to one entity."""
    check_arguments(call.args, PAGING | set(extra.split()), request_type, call.store.knobs)
    parse_sort(call.args.get("sortBy"), {})
    return _answer(
        call, take_page(listing_of(rows, content_types), call.args, call.store.knobs), content_types
    )


def _answer(call: Call, page: Page, content_types: tuple[str, ...]) -> Answer:
    only = read_flag(call.args, "onlyRequestedFields")
    selection = parse_selection(call.args.get("fields"), only, content_types, call.store)
    renderer = Renderer(call.context)
    pagination: dict[str, Any] = {"count": page.count, "limit": page.limit}
    if call.store.knobs.emit_has_more:
        pagination["hasMoreNext"] = page.has_more
    return Answer([renderer.item(row, selection) for row in page.rows], pagination)

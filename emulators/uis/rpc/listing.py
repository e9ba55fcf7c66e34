"""What every ``get.*`` list has in common: filter, sort, paging, ``fields``."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from ..errors import RpcError
from .filter_tree import build_filter
from .params import Param

Row = dict[str, Any]
MAX_LIMIT = 10_000
MAX_OFFSET = 100_000
LIST_PARAMS = (
    Param("limit", "integer"),
    Param("offset", "integer"),
    Param("filter", "object", nullable=True),
    Param("sort", "array"),
    Param("fields", "array", item_type="string"),
)


def names(text: str) -> tuple[str, ...]:
    """Return the column names in a text."""
    return tuple(text.split())


@dataclass(frozen=True)
class Columns:
    """Columns of a list: which exist, which are answered by default, which a filter and a sort may name."""

    all: tuple[str, ...]
    default: tuple[str, ...] = ()  # empty: all
    filterable: frozenset[str] | None = None  # None: all
    sortable: frozenset[str] | None = None  # None: all
    filter_depth: int = 0
    fields_required: bool = False  # flat reports: no fields, no data


@dataclass
class Rows:
    """An answer of a list; becomes ``data`` and ``metadata.total_items``."""

    data: Any
    total: int
    metadata: Row = field(default_factory=dict)


def list_rows(rows: Iterable[Row], params: Row, columns: Columns) -> Rows:
    """Answer a list method.

    :raises RpcError: wrong limit, offset, filter, sort or fields.
    """
    limit, offset = _paging(params)
    known = frozenset(columns.all)
    names = _fields(params, columns, known)
    order = _order(params.get("sort") or [], known, known if columns.sortable is None else columns.sortable)
    found = list(rows)
    if params.get("filter"):
        allowed = known if columns.filterable is None else columns.filterable
        test = build_filter(params["filter"], known, allowed, columns.filter_depth)
        found = [row for row in found if test(row)]
    for name, descending in reversed(order):
        found.sort(key=lambda row: (row.get(name) is None, _sort_key(row.get(name))), reverse=descending)
    page = found[offset : offset + limit]
    if columns.fields_required and not names:
        return Rows([], 0)
    return Rows([{name: row.get(name) for name in names} for row in page], len(found))


def _paging(params: Row) -> tuple[int, int]:
    limit, offset = params.get("limit", 1000), params.get("offset", 0)
    if not 0 < limit <= MAX_LIMIT:
        raise RpcError("invalid_parameter_value", "limit", limit, f"limit is from 1 to {MAX_LIMIT}")
    if not 0 <= offset <= MAX_OFFSET:
        raise RpcError("invalid_parameter_value", "offset", offset, f"offset is from 0 to {MAX_OFFSET}")
    return limit, offset


def _fields(params: Row, columns: Columns, known: Collection[str]) -> tuple[str, ...]:
    names = params.get("fields") or ()
    for index, name in enumerate(names):
        if name not in known:
            raise RpcError("invalid_parameter_value", f"fields.{index}", name, f"Unknown field {name!r}")
    if names or columns.fields_required:
        return tuple(names)
    return columns.default or columns.all


def _order(spec: Any, known: Collection[str], allowed: Collection[str]) -> list[tuple[str, bool]]:
    order: list[tuple[str, bool]] = []
    for index, entry in enumerate(spec):
        if not isinstance(entry, dict) or "field" not in entry:
            raise RpcError("required_parameter_missed", f"sort.{index}.field")
        if entry["field"] not in known:
            raise RpcError("unexpected_parameters", f"sort.{index}.field", entry["field"])
        if entry["field"] not in allowed:
            raise RpcError("sort_prohibited", f"sort.{index}.field", entry["field"])
        if entry.get("order", "asc") not in {"asc", "desc"}:
            raise RpcError("invalid_parameter_value", f"sort.{index}.order", entry["order"])
        order.append((entry["field"], entry.get("order") == "desc"))
    return order


def _sort_key(value: Any) -> Any:
    return str(value) if isinstance(value, dict | list | bool) else value if value is not None else ""

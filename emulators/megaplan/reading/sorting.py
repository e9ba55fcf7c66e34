"""The ``sortBy`` argument."""

from collections.abc import Callable, Mapping
from typing import Any

from ..data.records import Deal, Record
from ..data.table import SortKey
from ..errors import UnprocessableError, WrongTypeError

Keys = Mapping[str, Callable[[Record], Any]]


def parse_sort(value: Any, sortable: Keys) -> list[SortKey]:
    """Read a list of SortField objects.

    :raises UnprocessableError: another shape, or a field that is not sortable.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise WrongTypeError(value, "SortField[]", "sortBy", trace_bytes=60_000)
    return [_sort_key(entry, sortable) for entry in value]


def _sort_key(entry: Any, sortable: Keys) -> SortKey:
    good = (
        isinstance(entry, dict)
        and entry.get("contentType", "SortField") == "SortField"
        and set(entry) <= {"contentType", "fieldName", "desc"}
        and isinstance(entry.get("fieldName"), str)
        and isinstance(entry.get("desc", False), bool)
    )
    if not good:
        raise UnprocessableError("'array' is not assignable to 'SortField[]'", "sortBy", trace_bytes=60_000)
    name = entry["fieldName"]
    if name not in sortable:
        raise UnprocessableError(f'Field "{name}" is not sortable', "sortBy")
    return name, bool(entry.get("desc", False)), sortable[name]


def _name_of(record: Record | None) -> str:
    if record is None:
        return ""
    return str(record.name if isinstance(record, Deal) else record.data.get("name") or "")


def _deal_ref(name: str) -> Callable[[Record], Any]:
    return lambda deal: _name_of(getattr(deal, name))


def _attribute(name: str) -> Callable[[Record], Any]:
    return lambda deal: getattr(deal, name)


def _nothing(record: Record) -> int:
    return 0


DEAL_SORT: Keys = {
    "number": _attribute("number"),
    "name": _attribute("name"),
    "description": lambda deal: deal.data.get("description", ""),
    "contractor": _deal_ref("contractor"),
    "contact": _deal_ref("contact"),
    "manager": _deal_ref("manager"),
    "payer": _deal_ref("payer"),
    "price": lambda deal: deal.price.value * deal.price.rate if isinstance(deal, Deal) else 0,
    "cost": lambda deal: deal.cost.value * deal.cost.rate if isinstance(deal, Deal) else 0,
    "payForm": _nothing,
    "state": lambda deal: int(deal.state.id) if isinstance(deal, Deal) else 0,
    "stateTimeUpdated": _attribute("state_changed"),
    "result": lambda deal: deal.state.data["type"] if isinstance(deal, Deal) else "",
    "timeCreated": _attribute("created"),
    "timeUpdated": _attribute("updated"),
    "nearTodo": _nothing,
    "lastCommentTimeCreated": _nothing,
    "tags": lambda deal: len(deal.tags) if isinstance(deal, Deal) else 0,
    "isFavorite": _nothing,
}


def _text(name: str) -> Callable[[Record], Any]:
    return lambda record: str(record.data.get(name) or "")


def _ref(name: str) -> Callable[[Record], Any]:
    return lambda record: _name_of(record.data.get(name))


CONTRACTOR_SORT: Keys = {
    "firstName": _text("firstName"),
    "company": _ref("company"),
    "gender": _text("gender"),
    "position": _text("position"),
    "type": _ref("type"),
    "responsibles": lambda record: _name_of(next(iter(record.data.get("responsibles", ())), None)),
    "birthday": _text("birthday"),
    "preferTransport": _text("preferTransport"),
    "advertisingWay": _ref("advertisingWay"),
    "activityType": _ref("activityType"),
    "status": _ref("status"),
    "partners": _nothing,
    "competitors": _nothing,
    "isPublic": _nothing,
    "humanNumber": lambda record: int(record.id),
    "tags": lambda record: len(record.data.get("tags", ())),
    "timeCreated": lambda record: record.data["created"],
    "timeUpdated": lambda record: record.data["updated"],
}

"""Fields that filters can look at."""

from collections.abc import Callable
from typing import Any

from ..data.records import Deal, Record

Read = Callable[[Record], Any]


def is_known_kind(value: Any) -> bool:
    """Return whether a value can be compared as a number."""
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return True
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _attribute(name: str) -> Read:
    return lambda record: getattr(record, name)


def _stored(name: str, default: Any = None) -> Read:
    return lambda record: record.data.get(name, default)


def _money(name: str) -> Read:
    return lambda record: getattr(record, name).value if isinstance(record, Deal) else None


DEAL_FIELDS: dict[str, Read] = {
    "id": lambda record: int(record.id),
    "number": _attribute("number"),
    "name": _attribute("name"),
    "description": _stored("description", ""),
    "program": _attribute("program"),
    "state": _attribute("state"),
    "result": lambda record: record.state.data["type"] if isinstance(record, Deal) else None,
    "contractor": _attribute("contractor"),
    "contact": _attribute("contact"),
    "manager": _attribute("manager"),
    "payer": _attribute("payer"),
    "auditors": _attribute("auditors"),
    "tags": _attribute("tags"),
    "price": _money("price"),
    "cost": _money("cost"),
    "timeCreated": _attribute("created"),
    "timeUpdated": _attribute("updated"),
    "stateTimeUpdated": _attribute("state_changed"),
    "statusChangeTime": _attribute("state_changed"),
    "isFavorite": _stored("isFavorite", False),
}
CONTRACTOR_FIELDS: dict[str, Read] = {
    "id": lambda record: int(record.id),
    "humanNumber": lambda record: int(record.id) - 1_000_000,
    "name": _stored("name", ""),
    "firstName": _stored("firstName", ""),
    "middleName": _stored("middleName", ""),
    "lastName": _stored("lastName", ""),
    "gender": _stored("gender", ""),
    "position": _stored("position", ""),
    "type": _stored("type"),
    "company": _stored("company"),
    "responsibles": _stored("responsibles", ()),
    "advertisingWay": _stored("advertisingWay"),
    "activityType": _stored("activityType"),
    "status": _stored("status"),
    "tags": _stored("tags", ()),
    "timeCreated": _stored("created"),
    "timeUpdated": _stored("updated"),
    "isDropped": _stored("isDropped", False),
}
INVOICE_FIELDS: dict[str, Read] = {
    "number": _stored("number"),
    "status": _stored("status"),
    "deal": _stored("deal"),
    "payer": _stored("payer"),
}
OFFER_FIELDS: dict[str, Read] = {
    "name": _stored("name"),
    "article": _stored("article"),
    "type": _stored("type"),
    "isDropped": _stored("isDropped", False),
}
TODO_FIELDS: dict[str, Read] = {
    "id": lambda record: int(record.id),
    "name": _stored("name", ""),
    "status": _stored("status"),
    "category": _stored("category"),
    "responsible": _stored("responsible"),
    "userCreated": _stored("userCreated"),
    "relations": _stored("relations", ()),
    "timeCreated": _stored("created"),
    "isDropped": _stored("isDropped", False),
}

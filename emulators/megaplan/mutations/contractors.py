"""Mutations of contractors and employees."""

from collections.abc import Callable
from typing import Any

from ..data.records import Record
from ..data.store import Store
from ..data.values import local_day
from ..errors import ApiError
from ..writing.contractors import (
    create_contractor,
    drop_contractor,
    human_name,
    merge_contractors,
    update_contractor,
)

Operation = Callable[[Store, dict[str, Any]], dict[str, Any]]


def _contractor(store: Store, id: Any) -> Record:
    record = store.contractors.get(id)
    if record is None:
        raise ValueError(f"no contractor {id}")
    return record


def _employee(store: Store, spec: dict[str, Any]) -> Record:
    employee = store.find("Employee", spec["id"])
    if employee is None:
        raise ValueError(f"no employee {spec['id']}")
    return employee


def create(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"create_contractor","kind":"human","fields":{…}}``."""
    content_type = "ContractorCompany" if spec.get("kind") == "company" else "ContractorHuman"
    try:
        record = create_contractor(store, content_type, spec.get("fields", {}))
    except ApiError as error:
        raise ValueError(error.message) from error
    if content_type == "ContractorHuman":
        record.data["name"] = human_name(record)
    return {"id": str(record.id)}


def update(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"update_contractor","id":…,"fields":{…},"touch":true}``."""
    try:
        update_contractor(
            store, _contractor(store, spec["id"]), spec["fields"], bool(spec.get("touch", True))
        )
    except ApiError as error:
        raise ValueError(error.message) from error
    return {}


def delete(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"delete_contractor","id":…}``: dropped, still readable; ``"hard":true`` removes it for good."""
    record = _contractor(store, spec["id"])
    if not spec.get("hard"):
        drop_contractor(store, record)
        return {}
    for deal in list(store.deals):
        for name in ("contractor", "contact"):
            if getattr(deal, name, None) is record:
                setattr(deal, name, None)
    company = record.data.get("company")
    if company is not None:
        company.data["contacts"] = tuple(human for human in company.data["contacts"] if human is not record)
    for human in record.data.get("contacts", ()):
        human.data.pop("company", None)
    store.remove(record)
    return {}


def merge(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"merge_contractors","keep":…,"drop":…}``."""
    merge_contractors(store, _contractor(store, spec["keep"]), _contractor(store, spec["drop"]))
    return {}


def fire(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"fire_employee","id":…}``."""
    employee = _employee(store, spec)
    now = store.clock.second()
    left = {"isWorking": False, "canLogin": False, "lastOnline": now, "fireDay": local_day(now)}
    store.write(employee, lambda: employee.data.update(left))
    return {}


def set_online(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"set_online","id":…,"online":true}``; null lets it change by itself again."""
    employee = _employee(store, spec)
    if spec.get("online") is None:
        employee.data.pop("isOnline", None)
    else:
        employee.data["isOnline"] = bool(spec["online"])
    return {}


CONTRACTOR_OPERATIONS: dict[str, Operation] = {
    "create_contractor": create,
    "update_contractor": update,
    "delete_contractor": delete,
    "merge_contractors": merge,
    "fire_employee": fire,
    "set_online": set_online,
}

"""Mutations of contractors and employees."""

from typing import Any

from ...kit.operations import by_name
from ..data.store import Store
from ..data.values import local_day
from ..writing import contractors as writing
from .operation import row_of


def create_contractor(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"create_contractor","kind":"human","fields":{…}}``."""
    content_type = "ContractorCompany" if spec.get("kind") == "company" else "ContractorHuman"
    record = writing.create_contractor(store, content_type, spec.get("fields", {}))
    if content_type == "ContractorHuman":
        record.data["name"] = writing.human_name(record)
    return {"id": str(record.id)}


def update_contractor(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"update_contractor","id":…,"fields":{…},"touch":true}``."""
    contractor = row_of(store.contractors, spec["id"])
    writing.update_contractor(store, contractor, spec["fields"], bool(spec.get("touch", True)))
    return {}


def delete_contractor(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"delete_contractor","id":…}``: dropped, still readable; ``"hard":true`` removes it for good."""
    record = row_of(store.contractors, spec["id"])
    if not spec.get("hard"):
        writing.drop_contractor(store, record)
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


def merge_contractors(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"merge_contractors","keep":…,"drop":…}``."""
    writing.merge_contractors(
        store, row_of(store.contractors, spec["keep"]), row_of(store.contractors, spec["drop"])
    )
    return {}


def fire_employee(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"fire_employee","id":…}``."""
    employee = row_of(store.tables["Employee"], spec["id"])
    now = store.clock.second()
    left = {"isWorking": False, "canLogin": False, "lastOnline": now, "fireDay": local_day(now)}
    store.write(employee, lambda: employee.data.update(left))
    return {}


def set_online(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"set_online","id":…,"online":true}``; null lets it vary again."""
    employee = row_of(store.tables["Employee"], spec["id"])
    if spec.get("online") is None:
        employee.data.pop("isOnline", None)
    else:
        employee.data["isOnline"] = bool(spec["online"])
    return {}


CONTRACTOR_OPERATIONS = by_name(
    create_contractor, update_contractor, delete_contractor, merge_contractors, fire_employee, set_online
)

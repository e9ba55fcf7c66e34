"""Mutations of the small directories: ``rename_…``, ``add_…`` and ``remove_…`` for each of them.

- ``{"op":"rename_advertising_way","id":…,"name":…}``
- ``{"op":"add_advertising_way","name":…}``, with ``"fields":{…}`` for whatever else the entry has
- ``{"op":"remove_advertising_way","id":…}``: references to it become null, and no time moves; only contractor
  types, currencies, taxes and units stay where they are referred to

and likewise ``contractor_type``, ``contractor_status``, ``activity_type``, ``department``, ``currency``,
``tax``, ``unit``, ``tag`` and ``employee`` (which cannot be removed: see ``fire_employee``).
``{"op":"update_employee","id":…,"fields":{"position":…,"department":"1000041"}}`` changes a card, and
``{"op":"set_currency_rate","id":2,"rate":81.5}`` the rate, not the sums already frozen with the old one.
"""

from typing import Any

from ...kit.operations import by_name
from ..data.records import Deal, Record
from ..data.store import Store
from .operation import Operation, row_of

_DIRECTORIES = {
    "advertising_way": "ContractorAdvertisingWay",
    "contractor_type": "ContractorType",
    "contractor_status": "ContractorStatus",
    "activity_type": "ContractorActivityType",
    "department": "Department",
    "currency": "Currency",
    "tax": "Tax",
    "unit": "Unit",
    "tag": "Tag",
}
_REQUIRED = frozenset({"ContractorType", "Currency", "Tax", "Unit"})
_NEW_EMPLOYEE: dict[str, Any] = {
    "middleName": "",
    "position": "",
    "department": None,
    "gender": "male",
    "isWorking": True,
    "canLogin": True,
    "contactInfo": [],
}


def _renamer(content_type: str) -> Operation:
    def rename(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
        record = row_of(store.tables[content_type], spec["id"])
        store.write(record, lambda: record.data.update(name=str(spec["name"])))
        return {"id": str(record.id)}

    return rename


def _adder(content_type: str) -> Operation:
    def add(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
        data = {"name": str(spec["name"]), **spec.get("fields", {})}
        record = Record(content_type, store.tables[content_type].next_id(), data)
        store.add(record)
        return {"id": str(record.id)}

    return add


def _remover(content_type: str) -> Operation:
    def remove(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
        record = row_of(store.tables[content_type], spec["id"])
        store.remove(record)
        if content_type in _REQUIRED:
            return {"id": str(record.id)}
        for name in ("Contractor", "Employee", "Offer", "Department"):
            for row in store.tables[name]:
                _forget(row, record)
        for deal in store.deals:
            if isinstance(deal, Deal) and record in deal.tags:
                deal.tags = tuple(tag for tag in deal.tags if tag is not record)
        return {"id": str(record.id)}

    return remove


def _forget(row: Record, record: Record) -> None:
    for name, value in row.data.items():
        if value is record:
            row.data[name] = None
        elif type(value) is tuple and record in value:
            row.data[name] = tuple(entry for entry in value if entry is not record)


def set_currency_rate(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"set_currency_rate","id":2,"rate":81.5}``."""
    currency = row_of(store.tables["Currency"], spec["id"])
    store.write(currency, lambda: currency.data.update(rate=float(spec["rate"])))
    return {"id": str(currency.id)}


def add_employee(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"add_employee","name":"Новиков Пётр","fields":{…}}``; ``department`` is an id."""
    id = store.tables["Employee"].next_id()
    last, _, first = str(spec["name"]).partition(" ")
    names = {"name": str(spec["name"]), "lastName": last, "firstName": first}
    data = {**_NEW_EMPLOYEE, **names, "uid": id + 50_000, "created": store.clock.second()}
    store.add(Record("Employee", id, data | _employee_fields(store, spec.get("fields", {}))))
    return {"id": str(id)}


def update_employee(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"update_employee","id":…,"fields":{…}}``; ``department`` is an id."""
    employee = row_of(store.tables["Employee"], spec["id"])
    written = _employee_fields(store, spec["fields"])
    store.write(employee, lambda: employee.data.update(written))
    return {"id": str(employee.id)}


def _employee_fields(store: Store, fields: dict[str, Any]) -> dict[str, Any]:
    if fields.get("department") is None:
        return dict(fields)
    return {**fields, "department": row_of(store.tables["Department"], fields["department"])}


DIRECTORY_OPERATIONS: dict[str, Operation] = {
    **{f"rename_{name}": _renamer(content_type) for name, content_type in _DIRECTORIES.items()},
    **{f"add_{name}": _adder(content_type) for name, content_type in _DIRECTORIES.items()},
    **{f"remove_{name}": _remover(content_type) for name, content_type in _DIRECTORIES.items()},
    "rename_employee": _renamer("Employee"),
    **by_name(add_employee, update_employee, set_currency_rate),
}

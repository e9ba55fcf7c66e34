"""Mutations of the account itself: custom fields, unknown keys, the clock."""

from typing import Any

from ...kit.operations import by_name
from ..data.store import Store
from ..data.values import iso, parse_timestamp
from ..seed.custom_fields import category_of, define

_KINDS = frozenset(
    [
        "BigInt",
        "Bool",
        "Date",
        "DateTime",
        "Duration",
        "Enum",
        "ExternalSource",
        "Float",
        "Integer",
        "Money",
        "Rating",
        "RefLink",
        "RefSet",
        "Resource",
        "String",
    ]
)


def _scope(store: Store, spec: dict[str, Any]) -> str:
    """Return the key of ``store.custom``: of a ``program`` for deals, otherwise of an ``entity``."""
    scope = f"Deal/{spec['program']}" if "program" in spec else str(spec.get("entity", "Deal/14"))
    if scope not in store.custom:
        raise ValueError(f"no custom fields of {scope!r}, there are: {', '.join(store.custom)}")
    return scope


def rename_custom_field(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"rename_custom_field","key":…,"title":…}``; the key stays what it is."""
    found = [field for group in store.custom.values() for field in group if field.key == spec["key"]]
    if not found:
        raise ValueError(f"no custom field {spec['key']}")
    for field in found:
        field.title = str(spec["title"])
    return {"key": spec["key"]}


def add_custom_field(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"add_custom_field","program":14,"title":…,"kind":"String"}``.

    Instead of ``program`` there may be ``entity``: Contractor, Offer or Employee.
    """
    scope = _scope(store, spec)
    kind = spec.get("kind", "String")
    if kind not in _KINDS:
        raise ValueError(f"unknown kind {kind!r}")
    options: dict[str, Any] = {}
    if kind == "Enum":
        options["choices"] = tuple(spec.get("choices", ("Да", "Нет")))
    if kind in {"RefLink", "RefSet"}:
        options["ref_types"] = ("Employee",)
    field = define(store, scope, category_of(store, scope), (str(spec["title"]), kind, options))
    return {"key": field.key}


def remove_custom_field(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"remove_custom_field","key":…}``: its key vanishes from every entity."""
    before = sum(len(group) for group in store.custom.values())
    for group in store.custom.values():
        group[:] = [field for field in group if field.key != spec["key"]]
    if before == sum(len(group) for group in store.custom.values()):
        raise ValueError(f"no custom field {spec['key']}")
    return {}


def add_unknown_key(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"add_unknown_key","deal":1001,"inside":"price","key":…,"value":…}``.

    Without ``deal`` in all deals, without ``inside`` at the top level.
    """
    deal = spec.get("deal")
    store.unknown_keys.append(
        (None if deal is None else int(deal), spec.get("inside", ""), spec["key"], spec.get("value"))
    )
    return {}


def advance_clock(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"advance_clock","seconds":60}``."""
    store.clock.advance(float(spec["seconds"]))
    return {"now": iso(store.clock.second())}


def set_clock(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"set_clock","time":"2026-09-21T09:15:00+00:00","frozen":true}``; each key may stand alone."""
    if "time" in spec:
        time = spec["time"] if isinstance(spec["time"], int | float) else parse_timestamp(spec["time"])
        if time is None:
            raise ValueError(f"not a time: {spec['time']!r}")
        store.clock.set(float(time))
    if "frozen" in spec:
        store.clock.freeze(bool(spec["frozen"]))
    return {"now": iso(store.clock.second())}


ACCOUNT_OPERATIONS = by_name(
    rename_custom_field, add_custom_field, remove_custom_field, add_unknown_key, advance_clock, set_clock
)

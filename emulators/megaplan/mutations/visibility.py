"""Mutations of what the token's user sees: rights taken away, lists that leave rows out."""

from typing import Any

from ...kit.operations import by_name
from ..data.entities import ENTITIES, table_named
from ..data.store import Store
from .operation import chosen_rows


def revoke_visibility(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"revoke_visibility","entity":"deals","ids":[…]}`` or ``share``/``count`` with ``seed``.

    ``entity`` is ``deals`` (default) or ``contractors``: lists leave the rows out, a card answers as the knob
    ``hidden_deal`` or ``hidden_contractor`` says, and other entities still refer to them, by bare links.
    ``"rights":true`` also changes the card of the token's user (``/currentUser``, ``/employee/{id}``) as a
    loss of rights does: fewer ``possibleActions``, another ``position`` and ``department``; alone, it only
    does that. ``"restore":true`` undoes all of it.
    """
    if spec.get("restore"):
        store.visibility.show_all()
        return {"ids": []}
    hidden: list[str] = []
    if {"ids", "id", "share", "count"} & set(spec) or not spec.get("rights"):
        entity = str(spec.get("entity", "deals"))
        if entity not in {"deals", "contractors"}:
            raise ValueError(f"only deals and contractors can be hidden, not {entity!r}")
        rows = chosen_rows(table_named(store, entity), spec)
        store.visibility.hide(rows)
        hidden = [str(row.id) for row in rows]
    if spec.get("rights"):
        departments = [row for row in store.tables["Department"] if row is not store.user.data["department"]]
        store.visibility.take_rights(
            store.user,
            {
                "possibleActions": ["act_read"],
                "position": "Стажёр",
                "department": departments[-1] if departments else None,
            },
        )
    return {"ids": hidden}


def shrink_list(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"shrink_list","entity":"deals","share":0.5,"seed":1}``, or with ``ids`` or ``count``.

    The entity's lists leave these rows out, while each of them can still be read by its id and be a cursor.
    ``"restore":true`` ends that, for one ``entity`` or without it for all; with ``after`` it ends by itself.
    """
    if spec.get("restore"):
        return _restore(store, spec)
    table = table_named(store, str(spec.get("entity", "deals")))
    rows = chosen_rows(table, spec)
    table.omitted = {row.id for row in rows}
    table.lists_nothing = False
    return {"ids": [str(row.id) for row in rows]}


def empty_list(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"empty_list","entity":"deals"}``: its lists are empty, new rows included; ``"restore":true``."""
    if spec.get("restore"):
        return _restore(store, spec)
    table_named(store, str(spec.get("entity", "deals"))).lists_nothing = True
    return {}


def _restore(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    tables = [table_named(store, str(spec["entity"]))] if "entity" in spec else list(store.tables.values())
    for table in tables:
        table.omitted = set()
        table.lists_nothing = False
    return {"ids": []}


def what_is_hidden(store: Store) -> dict[str, Any]:
    """Return what the user is not shown, by ids as text: no rights to it, or left out of lists."""
    titles = {content_type: name for name, content_type in ENTITIES.items()}
    left_out = {
        titles.get(name, name): sorted(
            str(id) for id in (table.rows if table.lists_nothing else table.omitted)
        )
        for name, table in store.tables.items()
        if table.lists_nothing or table.omitted
    }
    return {
        "hiddenDeals": sorted(str(id) for id in store.visibility.deals),
        "hiddenContractors": sorted(str(id) for id in store.visibility.contractors),
        "omitted": left_out,
        "lostRights": sorted(str(employee.id) for employee in store.visibility.without_rights),
    }


def reorder(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"reorder","seed":5,"entity":"deals"}``: another internal order of lists without ``sortBy``."""
    table_named(store, str(spec.get("entity", "deals"))).shuffle(int(spec.get("seed", 0)))
    return {}


VISIBILITY_OPERATIONS = by_name(revoke_visibility, shrink_list, empty_list, reorder)

"""Mutations of calls: what happens to them in Megaplan itself."""

from typing import Any

from ...kit.operations import by_name
from ..data.store import Store
from ..writing.calls import import_calls, update_call
from .operation import chosen_rows, row_of


def delete_calls(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"delete_calls","ids":[…]}`` or ``count``/``share`` with ``seed``: Megaplan loses calls."""
    chosen = chosen_rows(store.tables["CallInfo"], spec)
    for call in chosen:
        store.remove(call)
        store.calls_by_provider.get(str(call.data.get("providerId")), {}).pop(call.id, None)
    return {"ids": [str(call.id) for call in chosen]}


def create_calls(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"create_calls","calls":[CallInfo…]}``: finished calls from elsewhere, without a pop-up."""
    return {"ids": [str(call.id) for call in import_calls(store, spec["calls"])]}


def change_call(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"change_call","id":…,"fields":{"recordLinks":[]}}``: somebody else changes a call."""
    call = row_of(store.tables["CallInfo"], spec["id"])
    update_call(store, call, spec["fields"])
    return {"id": str(call.id)}


CALL_OPERATIONS = by_name(delete_calls, create_calls, change_call)

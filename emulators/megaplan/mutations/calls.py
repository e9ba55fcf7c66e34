"""Mutations of calls: what happens to them without our doing."""

from collections.abc import Callable
from typing import Any

from ..data.store import Store
from ..errors import ApiError
from ..writing.calls import import_calls, update_call
from .chosen import chosen_rows

Operation = Callable[[Store, dict[str, Any]], dict[str, Any]]


def delete_calls(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"delete_calls","ids":[…]}`` or ``count``/``share`` with ``seed``: Megaplan loses calls."""
    chosen = chosen_rows(store.tables["CallInfo"], spec)
    for call in chosen:
        store.remove(call)
        store.calls_by_provider.get(str(call.data.get("providerId")), {}).pop(call.id, None)
    return {"ids": [str(call.id) for call in chosen]}


def create_calls(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"create_calls","calls":[CallInfo…]}``: finished calls from elsewhere, without a pop-up."""
    try:
        return {"ids": [str(call.id) for call in import_calls(store, spec["calls"])]}
    except ApiError as error:
        raise ValueError(error.message) from error


def change_call(store: Store, spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"change_call","id":…,"fields":{"recordLinks":[]}}``: somebody else changes a call."""
    (call,) = chosen_rows(store.tables["CallInfo"], {"id": spec["id"]})
    try:
        update_call(store, call, spec["fields"])
    except ApiError as error:
        raise ValueError(error.message) from error
    return {"id": str(call.id)}


CALL_OPERATIONS: dict[str, Operation] = {
    "delete_calls": delete_calls,
    "create_calls": create_calls,
    "change_call": change_call,
}

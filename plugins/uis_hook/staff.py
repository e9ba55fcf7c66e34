"""Account, employees, statuses, numbers: what to ask of the Data API. Free of I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from uis_hook.exceptions import UisNotFoundError
from uis_hook.jsonrpc import Request, nothing, one_object
from uis_hook.paging import ListRequest

DO_NOT_DISTURB = "do_not_disturb"
AVAILABLE = "available"

EMPLOYEE_FIELDS = (
    "id",
    "full_name",
    "last_name",
    "first_name",
    "patronymic",
    "email",
    "status_id",
    "phone_numbers",
    "extension",
)
# what update.employees takes of a phone; phone_id is told by get.employees only
_PHONE_FIELDS = ("phone_number", "channels_count", "dial_time", "status")


def account() -> Request[dict[str, Any]]:
    """Ask for ``{app_id, name, timezone}``: the cheapest request that needs a key."""
    return Request("get.account", {}, one_object)


def employees(
    fields: Sequence[str] = EMPLOYEE_FIELDS,
    filter: Mapping[str, Any] | None = None,
    sort_field: str | None = "id",
) -> ListRequest:
    """List employees. The internal number is ``extension.extension_phone_number``; see the Data API's page.

    :param filter: ``{"field", "operator", "value"}`` or ``{"filters": […], "condition": "and"}``.
    """
    return ListRequest("get.employees", _columns(fields, filter), sort_field, ("id",))


def statuses(sort_field: str | None = "id") -> ListRequest:
    """List the statuses an employee can have: ``{id, name, mnemonic, …}``, own ones with mnemonic null."""
    return ListRequest("get.statuses", {}, sort_field, ("id",))


def virtual_numbers(sort_field: str | None = "id") -> ListRequest:
    """List the account's numbers: ``{id, virtual_phone_number, status, type, scenarios, …}``."""
    return ListRequest("get.virtual_numbers", {}, sort_field, ("id",))


def update_employee(employee_id: int, changes: Mapping[str, Any]) -> Request[None]:
    """Change an employee; the same change twice is no other than once."""
    return Request("update.employees", {"id": employee_id, **changes}, nothing)


def with_required_fields(employee: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Add to a change what UIS may miss: the present last name and all phones, since a list replaces wholly.

    :param employee: the present row, with ``last_name`` and ``phone_numbers``.
    """
    phones = employee.get("phone_numbers") or []
    return {
        "last_name": employee.get("last_name"),
        "phone_numbers": [{name: phone[name] for name in _PHONE_FIELDS if name in phone} for phone in phones],
        **changes,
    }


def status_id_of(rows: Sequence[Mapping[str, Any]], mnemonic: str) -> int:
    """Find a standard status by its mnemonic; the numbers are nobody's promise.

    :raises UisNotFoundError: when the account has no such status.
    """
    for row in rows:
        if row.get("mnemonic") == mnemonic and not row.get("is_deleted"):
            return int(row["id"])
    raise UisNotFoundError(
        "get.statuses", "entity_not_found", told=f"this account has no status with the mnemonic {mnemonic!r}"
    )


def _columns(fields: Sequence[str], filter: Mapping[str, Any] | None) -> dict[str, Any]:
    params: dict[str, Any] = {"fields": list(fields)}
    if filter:
        params["filter"] = dict(filter)
    return params

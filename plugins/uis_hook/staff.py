"""Account, employees, statuses, numbers: what to ask of the Data API. Free of I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from uis_hook.jsonrpc import Request, nothing, one_object
from uis_hook.paging import ListRequest
from uis_hook.settings import UisSettings

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
# what update.employees takes of a phone; only get.employees names phone_id
_PHONE_FIELDS = ("phone_number", "channels_count", "dial_time", "status")


def account() -> Request[dict[str, Any]]:
    """Ask for ``{app_id, name, timezone}``: the cheapest request that needs a key."""
    return Request("get.account", {}, one_object)


def employees(
    settings: UisSettings,
    fields: Sequence[str] = EMPLOYEE_FIELDS,
    filter: Mapping[str, Any] | None = None,
) -> ListRequest:
    """List employees. The internal number is ``extension.extension_phone_number``; see the Data API's page.

    :param fields: columns; for polling statuses ``("id", "status_id")`` is enough.
    :param filter: as in :class:`uis_hook.paging.ListRequest`.
    """
    return _directory(settings, "get.employees", {"fields": list(fields)}, filter)


def statuses(settings: UisSettings) -> ListRequest:
    """List the statuses an employee can have: ``{id, name, mnemonic, …}``, own ones with mnemonic null."""
    return _directory(settings, "get.statuses")


def virtual_numbers(settings: UisSettings) -> ListRequest:
    """List the account's numbers: ``{id, virtual_phone_number, status, type, scenarios, …}``."""
    return _directory(settings, "get.virtual_numbers")


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


def _directory(
    settings: UisSettings,
    method: str,
    params: Mapping[str, Any] | None = None,
    filter: Mapping[str, Any] | None = None,
) -> ListRequest:
    return ListRequest(method, params or {}, settings.vendor_quirks.directories_sort_field, ("id",), filter)

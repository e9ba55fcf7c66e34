"""Employees, their statuses and groups. Do-not-disturb is a status set by ``update.employees``.

No notification announces a change of status: clients have to poll.
"""

from typing import Any

from ..cabinet.employees import Employee, Phone, in_groups
from ..errors import RpcError
from ..rpc.listing import LIST_PARAMS, Columns, Rows, list_rows
from ..rpc.method import Call, Method
from ..rpc.params import Param, flag, number, text

_PHONE = (
    number("phone_id"),
    text("phone_number", True),
    number("channels_count"),
    number("dial_time"),
    text("status", choices=("active", "inactive")),
)
_EXTENSION = (
    text("extension_phone_number"),
    flag("extension_voice_mail_enabled"),
    flag("extension_queue_enabled"),
)
_EMPLOYEE = (
    text("last_name"),
    text("first_name", nullable=True),
    text("patronymic", nullable=True),
    text("email", nullable=True),
    text("status"),
    number("status_id"),
    text("call_recording", choices=("all", "in", "out", "off")),
    Param("phone_numbers", "array", items=_PHONE, at_most=10, too_many="invalid_parameter_value"),
    Param("extension", "object", items=_EXTENSION),
)


def _get(call: Call) -> Rows:
    directory = call.account.directory
    rows = [e.row(in_groups(directory.groups, e)) for e in directory.employees.values()]
    nested = frozenset({"groups", "phone_numbers", "extension", "operator", "coach"})
    names = tuple(rows[0])
    plain = frozenset(names) - nested
    return list_rows(rows, call.params, Columns(names, filterable=plain, sortable=plain))


def _update(call: Call) -> dict[str, Any]:
    """Change what is given; lists are replaced as a whole.

    The page promises a partial update, its table marks last_name and phone_numbers as required: knob
    ``update_employees_requires_full``.
    """
    params, directory = call.params, call.account.directory
    if call.account.knobs.update_employees_requires_full:
        for name in ("last_name", "phone_numbers"):
            if name not in params:
                raise RpcError("required_parameter_missed", name)
    employee = directory.employees.get(params["id"])
    if employee is None:
        raise RpcError("entity_not_found", "id", params["id"])
    status = _status(call)
    phones = _phones(call, employee) if "phone_numbers" in params else None
    extension = _extension(call, employee)
    # nothing is changed before everything has been checked
    if status is not None:
        employee.status = status
    if phones is not None:
        employee.phones = phones
    if "extension" in params:
        employee.extension = extension
        employee.voice_mail = params["extension"].get("extension_voice_mail_enabled", employee.voice_mail)
        employee.queue = params["extension"].get("extension_queue_enabled", employee.queue)
    for name in ("last_name", "first_name", "patronymic", "email", "call_recording"):
        if name in params:
            setattr(employee, name, params[name])
    return {}


def _status(call: Call) -> Any:
    params, directory = call.params, call.account.directory
    if "status_id" in params:
        status, field = directory.status(id=params["status_id"]), "status_id"
    elif "status" in params:
        status, field = directory.status(mnemonic=params["status"]), "status"
    else:
        return None
    if status is None or status.is_deleted:
        raise RpcError(
            "entity_not_found" if field == "status_id" else "invalid_parameter_value", field, params[field]
        )
    if not status.is_select_allowed:
        raise RpcError("invalid_parameter_value", field, params[field], "This status cannot be selected")
    return status


def _phones(call: Call, employee: Employee) -> list[Phone]:
    """Build the new list. A number's settings are shared with other employees who have it."""
    directory = call.account.directory
    found: list[Phone] = []
    for index, spec in enumerate(call.params["phone_numbers"]):
        place = f"phone_numbers.{index}"
        digits = spec["phone_number"]
        if not digits.replace("...", "", 1).isdigit():
            raise RpcError("invalid_parameter_value", f"{place}.phone_number", digits)
        for name, top in (("channels_count", 150), ("dial_time", 100)):
            if not 1 <= spec.get(name, 1) <= top:
                raise RpcError("invalid_parameter_value", f"{place}.{name}", spec[name])
        everyone = (phone for other in directory.employees.values() for phone in other.phones)
        known = next((phone for phone in everyone if phone.number == digits), None)
        phone = known or Phone(directory.new_id(), digits)
        phone.channels_count = spec.get("channels_count", phone.channels_count)
        phone.dial_time = spec.get("dial_time", phone.dial_time)
        phone.status = spec.get("status", phone.status)
        found.append(phone)
    return found


def _extension(call: Call, employee: Employee) -> str | None:
    spec = call.params.get("extension")
    if spec is None or "extension_phone_number" not in spec:
        return employee.extension
    digits: str = spec["extension_phone_number"]
    field = "extension.extension_phone_number"
    if not digits.isdigit() or len(digits) > 5:
        raise RpcError("invalid_parameter_value", field, digits)
    others = (other for other in call.account.directory.employees.values() if other is not employee)
    if any(other.extension == digits for other in others):
        raise RpcError("already_in_use", field, digits)
    return digits


def _get_statuses(call: Call) -> Rows:
    params = dict(call.params)
    deleted = params.pop("is_deleted", False)
    rows = [status.row() for status in call.account.directory.statuses if status.is_deleted == deleted]
    names = tuple(call.account.directory.statuses[0].row())
    plain = frozenset({"id", "name", "mnemonic", "is_worktime", "is_select_allowed", "description", "color"})
    return list_rows(rows, params, Columns(names, filterable=plain, sortable=plain))


def _get_groups(call: Call) -> Rows:
    directory = call.account.directory
    rows = []
    for group in directory.groups:
        phones = [
            {
                "employee_id": id,
                "employee_full_name": directory.employees[id].full_name,
                "employee_phone_number_id": phone.id,
                "phone_number": phone.number,
                "available": phone.id not in group.unavailable,
            }
            for id in group.members
            if id in directory.employees
            for phone in directory.employees[id].phones
        ]
        rows.append({"id": group.id, "name": group.name, "phone_numbers": phones})
    plain = frozenset({"id", "name"})
    return list_rows(rows, call.params, Columns(("id", "name", "phone_numbers"), (), plain, plain))


def _update_group(call: Call) -> dict[str, Any]:
    """Set who of a group can be rung; all its numbers must be listed."""
    directory, params = call.account.directory, call.params
    group = next((group for group in directory.groups if group.id == params["id"]), None)
    if group is None:
        raise RpcError("entity_not_found", "id", params["id"])
    wanted = {spec["employee_phone_number_id"]: spec["available"] for spec in params["phone_numbers"]}
    own = {p.id for id in group.members if id in directory.employees for p in directory.employees[id].phones}
    if set(wanted) != own:
        raise RpcError(
            "invalid_parameter_value", "phone_numbers", sorted(wanted), "All numbers must be listed"
        )
    group.unavailable = {id for id, available in wanted.items() if not available}
    return {}


_AVAILABILITY = (number("employee_phone_number_id", True), flag("available", True))
EMPLOYEE_METHODS = [
    Method("get.employees", _get, LIST_PARAMS),
    Method("update.employees", _update, (number("id", True), *_EMPLOYEE)),
    Method("get.statuses", _get_statuses, (*LIST_PARAMS, flag("is_deleted"))),
    Method("get.group_employees", _get_groups, LIST_PARAMS),
    Method(
        "update.group_employees_numbers",
        _update_group,
        (number("id", True), Param("phone_numbers", "array", True, items=_AVAILABILITY)),
    ),
]

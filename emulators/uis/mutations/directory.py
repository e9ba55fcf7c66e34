"""Operations on employees, numbers, scenarios and the address book."""

from typing import TYPE_CHECKING, Any

from ...kit.operations import by_name
from ..cabinet.directory import Contact, Tag, VirtualNumber
from ..cabinet.employees import Employee, Phone
from ..cabinet.statuses import Status

if TYPE_CHECKING:
    from ..account import Account

_FIELDS = {"last_name", "first_name", "patronymic", "email", "login", "extension", "call_recording"}
_MNEMONICS = {"ivr", "dialing", "integration", "queue", "voice_mail"}


def employee_of(account: "Account", key: Any) -> Employee:
    """Return an employee by id or extension.

    :raises ValueError: there is none.
    """
    employee = account.directory.employee_named(key)
    if employee is None:
        raise ValueError(f"no employee {key!r}; ids start at 501, extensions at 101")
    return employee


def set_status(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"set_status","employee":501,"status":"do_not_disturb"}``: set in the platform's own softphone."""
    status = account.directory.status(id=spec.get("status_id"), mnemonic=spec.get("status"))
    if status is None:
        raise ValueError(f"no status {spec.get('status', spec.get('status_id'))!r}")
    employee_of(account, spec["employee"]).status = status
    return {"status_id": status.id}


def _apply(account: "Account", employee: Employee, fields: dict[str, Any]) -> None:
    if unknown := set(fields) - _FIELDS - {"phone_numbers"}:
        raise ValueError(f"unknown fields of an employee: {', '.join(sorted(unknown))}")
    for name in _FIELDS & set(fields):
        setattr(employee, name, fields[name])
    if "phone_numbers" in fields:
        employee.phones = [
            Phone(account.directory.new_id(), str(one), 1, 30) for one in fields["phone_numbers"]
        ]


def update_employee(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"update_employee","employee":501,"fields":{"extension":"777"}}``."""
    _apply(account, employee_of(account, spec["employee"]), spec["fields"])
    return {}


def add_employee(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"add_employee","fields":{"last_name":"Новый","extension":"150"}}``."""
    directory = account.directory
    id = directory.new_id()
    employee = Employee(id, "Новый", None, None, None, None, None, directory.statuses[0])
    _apply(account, employee, spec.get("fields", {}))
    directory.employees[id] = employee
    return {"id": id}


def remove_employee(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"remove_employee","employee":501}``; old calls keep the name."""
    del account.directory.employees[employee_of(account, spec["employee"]).id]
    return {}


def add_status(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"add_status","name":"Обед","takes_calls":false}``: a customer's own, without mnemonic."""
    id = 1 + max(status.id for status in account.directory.statuses)
    incoming = ("in", "out") if spec.get("takes_calls", True) else ()
    account.directory.statuses.append(Status(id, str(spec["name"]), None, None, "#808000", incoming))
    return {"id": id}


def add_contact(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"add_contact","name":"Сидоров","phones":["79001112233"],"personal_manager_id":501}``."""
    id = account.directory.new_id()
    phones = [str(phone) for phone in spec["phones"]]
    account.directory.contacts[id] = Contact(
        id, str(spec["name"]), None, None, phones, spec.get("personal_manager_id")
    )
    return {"id": id}


def _number(account: "Account", digits: Any) -> VirtualNumber:
    virtual = account.directory.number(str(digits))
    if virtual is None:
        raise ValueError(f"no virtual number {digits!r}; there are 74950000001 to 74950000006")
    return virtual


def set_scenario(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"set_scenario","number":"74950000001","scenario_id":2}``."""
    if spec["scenario_id"] not in account.directory.scenarios:
        raise ValueError(f"no scenario {spec['scenario_id']!r}")
    _number(account, spec["number"]).scenario_id = spec["scenario_id"]
    return {}


def set_operations(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"set_operations","scenario_id":2,"operations":[{"mnemonic":"integration","url":…}, …]}``."""
    scenario = account.directory.scenarios[spec["scenario_id"]]
    operations = []
    for index, operation in enumerate(spec["operations"]):
        if operation.get("mnemonic") not in _MNEMONICS:
            raise ValueError(f"mnemonic is one of {', '.join(sorted(_MNEMONICS))}: {operation}")
        defaults = {"id": scenario.id * 100 + index, "name": operation["mnemonic"]}
        operations.append({**defaults, **operation})
    scenario.operations = operations
    return {}


def add_number(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"add_number","number":"74951112233","scenario_id":1}``."""
    id, digits = account.directory.new_id(), str(spec["number"])
    account.directory.numbers.append(VirtualNumber(id, digits, digits, spec.get("scenario_id", 1)))
    return {"id": id}


def remove_numbers(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"remove_numbers"}``: the account has no virtual number any more."""
    account.directory.numbers.clear()
    return {}


def block_number(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"block_number","phone":"79001112233"}``: put it on the blacklist."""
    account.directory.blacklist.add(str(spec["phone"]))
    return {}


def add_tag(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"add_tag","name":"Важный"}``."""
    id = account.directory.new_id()
    account.directory.tags.append(Tag(id, str(spec["name"])))
    return {"id": id}


def lose_sip_line(account: "Account", spec: dict[str, Any]) -> dict[str, Any]:
    """``{"op":"lose_sip_line","employee":501}``: its SIP line loses registration and is announced."""
    employee = employee_of(account, spec["employee"])
    phone = next((phone for phone in employee.phones if phone.protocol == "SIP"), None)
    if phone is None:
        raise ValueError(f"employee {employee.id} has no SIP line")
    account.notifier.emit_line_lost(phone.id, phone.number, account.clock.now())
    return {"sip_line_id": phone.id}


DIRECTORY_OPERATIONS = by_name(
    set_status,
    update_employee,
    add_employee,
    remove_employee,
    add_status,
    add_contact,
    set_scenario,
    set_operations,
    add_number,
    remove_numbers,
    block_number,
    add_tag,
    lose_sip_line,
)

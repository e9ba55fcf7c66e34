"""The platform's own address book. ``personal_manager_id`` is an employee."""

from typing import Any

from ..cabinet.directory import Contact
from ..errors import RpcError
from ..rpc.listing import LIST_PARAMS, Columns, Rows, list_rows
from ..rpc.method import Call, Method
from ..rpc.params import check_phone, number, strings, text

_FIELDS = (
    text("first_name", nullable=True),
    text("patronymic", nullable=True),
    text("email", nullable=True),
    number("personal_manager_id", nullable=True),
)


def _row(call: Call, contact: Contact) -> dict[str, Any]:
    manager = call.account.directory.employees.get(contact.personal_manager_id or 0)
    return {
        "id": contact.id,
        "last_name": contact.last_name,
        "first_name": contact.first_name,
        "patronymic": contact.patronymic,
        "full_name": contact.full_name,
        "phone_numbers": contact.phones,
        "emails": [contact.email] if contact.email else [],
        "personal_manager_id": contact.personal_manager_id,
        "personal_manager_full_name": manager.full_name if manager else None,
        "groups": [],
    }


def _get(call: Call) -> Rows:
    rows = [_row(call, contact) for contact in call.account.directory.contacts.values()]
    names = tuple(_row(call, Contact(0, "", None, None, [])))
    sortable = frozenset(names) - {"phone_numbers", "emails", "groups"}
    return list_rows(rows, call.params, Columns(names, (), sortable | {"phone_numbers"}, sortable))


def _check(call: Call, own: Contact | None) -> None:
    directory, params = call.account.directory, call.params
    manager = params.get("personal_manager_id")
    if manager is not None and manager not in directory.employees:
        raise RpcError("entity_not_found", "personal_manager_id", manager)
    for index, phone in enumerate(params.get("phone_numbers", [])):
        check_phone(phone, f"phone_numbers.{index}")
        if directory.contact_of(phone) not in {None, own}:
            raise RpcError("duplicate_entity", f"phone_numbers.{index}", phone)


def _create(call: Call) -> dict[str, Any]:
    _check(call, None)
    directory, params = call.account.directory, call.params
    id = directory.new_id()
    directory.contacts[id] = Contact(
        id,
        params["last_name"],
        params.get("first_name"),
        params.get("patronymic"),
        list(params["phone_numbers"]),
        params.get("personal_manager_id"),
        params.get("email"),
    )
    return {"id": id}


def _find(call: Call) -> Contact:
    contact = call.account.directory.contacts.get(call.params["id"])
    if contact is None:
        raise RpcError("entity_not_found", "id", call.params["id"])
    return contact


def _update(call: Call) -> dict[str, Any]:
    contact = _find(call)
    _check(call, contact)
    for name in ("last_name", "first_name", "patronymic", "personal_manager_id", "email"):
        if name in call.params:
            setattr(contact, name, call.params[name])
    contact.phones = call.params.get("phone_numbers", contact.phones)
    return {}


def _delete(call: Call) -> dict[str, Any]:
    del call.account.directory.contacts[_find(call).id]
    return {}


_TEN: dict[str, Any] = {"at_most": 10, "too_many": "invalid_parameter_value"}
CONTACT_METHODS = [
    Method("get.contacts", _get, LIST_PARAMS),
    Method(
        "create.contacts",
        _create,
        (text("last_name", True), strings("phone_numbers", True, **_TEN), *_FIELDS),
    ),
    Method(
        "update.contacts",
        _update,
        (number("id", True), text("last_name"), strings("phone_numbers", **_TEN), *_FIELDS),
    ),
    Method("delete.contacts", _delete, (number("id", True),)),
]

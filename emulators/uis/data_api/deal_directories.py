"""What deals point at: employees, contacts, user fields, companies; and the CRM account in the cabinet."""

from typing import Any

from ..errors import RpcError
from ..rpc.listing import LIST_PARAMS, Columns, Rows, list_rows
from ..rpc.method import Call, Handler, Method
from ..rpc.params import Param, check_phone, flag, moment, number, strings, text

_COMPONENT = "sales_funnel"
_ID, _NAME = text("ext_id", True), text("name", True)


def refuse_operators(call: Call) -> None:
    """Refuse the operators ``in`` and ``like`` where the knob says that these lists do not know them.

    :raises RpcError: invalid_parameter_value.
    """
    spec = call.params.get("filter")
    if call.account.knobs.deals_filters or not isinstance(spec, dict):
        return
    if spec.get("operator") in ("in", "like"):
        raise RpcError("invalid_parameter_value", "filter.operator", spec["operator"])


def _missing(kind: dict[str, Any], ext_id: str) -> None:
    if ext_id not in kind:
        raise RpcError("entity_not_found", "ext_id", ext_id)


def _new(kind: dict[str, Any], ext_id: str) -> None:
    if ext_id in kind:
        raise RpcError("duplicate_entity", "ext_id", ext_id)


def _used(call: Call, names: tuple[str, ...], ext_id: str) -> bool:
    """Return whether a record of any deal points at something."""
    return any(
        record.data.get(name) == ext_id or ext_id in (record.data.get(name) or [])
        for records in call.account.deals.deals.values()
        for record in records
        for name in names
    )


def _deleter(directory: str, *used_as: str) -> Handler:
    """Return a handler that deletes an entry no deal points at.

    :param used_as: the names under which records of deals point at it.
    """

    def delete(call: Call) -> dict[str, Any]:
        entries, ext_id = getattr(call.account.deals, directory), call.params["ext_id"]
        _missing(entries, ext_id)
        if _used(call, used_as, ext_id):
            raise RpcError("dependency_error", "ext_id", ext_id)
        del entries[ext_id]
        return {}

    return delete


def _create_employee(call: Call) -> dict[str, Any]:
    employees, params = call.account.deals.employees, call.params
    _new(employees, params["ext_id"])
    employees[params["ext_id"]] = params["name"]
    return {"ext_id": params["ext_id"]}


def _update_employee(call: Call) -> dict[str, Any]:
    _missing(call.account.deals.employees, call.params["ext_id"])
    call.account.deals.employees[call.params["ext_id"]] = call.params["name"]
    return {}


def _get_employees(call: Call) -> Rows:
    rows = [{"ext_id": ext_id, "name": name} for ext_id, name in call.account.deals.employees.items()]
    return list_rows(rows, call.params, Columns(("ext_id", "name")))


def _check_contact(spec: dict[str, Any], path: str) -> None:
    for index, phone in enumerate(spec.get("phone_numbers") or []):
        check_phone(phone, f"{path}phone_numbers.{index}")
    emails = spec.get("emails") or []
    for index, email in enumerate(emails):
        if "@" not in email or email in emails[:index]:
            raise RpcError("invalid_parameter_value", f"{path}emails.{index}", email)


def _create_contacts(call: Call) -> dict[str, Any]:
    """Add up to 1000 contacts; one bad contact fails all."""
    store, specs = call.account.deals, call.params["contacts"]
    seen: set[str] = set()
    for index, spec in enumerate(specs):
        _check_contact(spec, f"contacts.{index}.")
        if spec["ext_id"] in store.contacts or spec["ext_id"] in seen:
            raise RpcError("duplicate_entity", f"contacts.{index}.ext_id", spec["ext_id"])
        seen.add(spec["ext_id"])
    now = call.account.wall.text(call.account.clock.now())
    for spec in specs:
        store.contacts[spec["ext_id"]] = {
            "ext_id": spec["ext_id"],
            "name": spec["name"],
            "created_date_time": spec.get("created_date_time", now),
            "phone_numbers": spec.get("phone_numbers", []),
            "emails": spec.get("emails", []),
            "component": "dataapi",
        }
    return {}


def _update_contact(call: Call) -> dict[str, Any]:
    _missing(call.account.deals.contacts, call.params["ext_id"])
    _check_contact(call.params, "")
    contact = call.account.deals.contacts[call.params["ext_id"]]
    contact |= {name: value for name, value in call.params.items() if name in contact}
    return {}


def _get_contacts(call: Call) -> Rows:
    refuse_operators(call)
    names = ("ext_id", "name", "created_date_time", "phone_numbers", "emails", "component")
    plain = frozenset({"ext_id", "name", "created_date_time", "component"})
    return list_rows(call.account.deals.contacts.values(), call.params, Columns(names, (), plain, plain))


def _create_field(call: Call) -> dict[str, Any]:
    fields, params = call.account.deals.user_fields, call.params
    _new(fields, params["ext_id"])
    fields[params["ext_id"]] = {name: params[name] for name in ("name", "ext_id", "data_type")}
    return {"ext_id": params["ext_id"]}


def _update_field(call: Call) -> dict[str, Any]:
    _missing(call.account.deals.user_fields, call.params["ext_id"])
    call.account.deals.user_fields[call.params["ext_id"]]["name"] = call.params["name"]
    return {}


def _get_fields(call: Call) -> Rows:
    columns = Columns(("name", "ext_id", "data_type"))
    return list_rows(call.account.deals.user_fields.values(), call.params, columns)


_COMPANY = (
    strings("phones"),
    strings("emails"),
    strings("contact_ext_ids", at_most=1000),
    text("description", nullable=True),
)


def _check_company(call: Call) -> None:
    for index, phone in enumerate(call.params.get("phones", [])):
        check_phone(phone, f"phones.{index}")
    for index, contact in enumerate(call.params.get("contact_ext_ids", [])):
        if contact not in call.account.deals.contacts:
            raise RpcError("entity_not_found", f"contact_ext_ids.{index}", contact)


def _create_company(call: Call) -> dict[str, Any]:
    companies, params = call.account.deals.companies, call.params
    _new(companies, params["ext_id"])
    _check_company(call)
    empty: dict[str, Any] = {"phones": [], "emails": [], "contact_ext_ids": [], "description": None}
    companies[params["ext_id"]] = empty | {k: v for k, v in params.items() if k != "access_token"}
    return {"ext_id": params["ext_id"]}


def _update_company(call: Call) -> dict[str, Any]:
    _missing(call.account.deals.companies, call.params["ext_id"])
    _check_company(call)
    company = call.account.deals.companies[call.params["ext_id"]]
    company |= {name: value for name, value in call.params.items() if name in company}
    return {}


def _get_companies(call: Call) -> Rows:
    names = ("ext_id", "name", "phones", "emails", "contact_ext_ids", "description")
    return list_rows(call.account.deals.companies.values(), call.params, Columns(names))


_MODELS = ("last_before_deal", "last_before_contact", "last_before_lead")
_ACCOUNT = (
    text("type", choices=("custom", "amocrm", "bitrix")),
    flag("is_ignore_outgoing_calls"),  # the page describes it as "ignore incoming"
    flag("is_ignore_outgoing_chats"),
)


def _create_crm(call: Call) -> dict[str, Any]:
    accounts = call.account.deals.crm_accounts
    id = len(accounts) + 1
    accounts[id] = {
        "id": id,
        "type": "custom",
        "is_ignore_outgoing_calls": False,
        "is_ignore_outgoing_chats": False,
        "last_deals_load_time": None,
        "deals_load_state": "not_loaded",
        "deals_load_error": None,
    } | {name: value for name, value in call.params.items() if name != "access_token"}
    return {"id": id}


def _update_crm(call: Call) -> dict[str, Any]:
    account = call.account.deals.crm_accounts.get(call.params["id"])
    if account is None:
        raise RpcError("entity_not_found", "id", call.params["id"])
    account |= {name: value for name, value in call.params.items() if name in account}
    return {}


def _get_crm(call: Call) -> Rows:
    names = (
        "id",
        "name",
        "url",
        "type",
        "deal_conversion_model",
        "is_ignore_outgoing_calls",
        "is_ignore_outgoing_chats",
        "last_deals_load_time",
        "deals_load_state",
        "deals_load_error",
    )
    return list_rows(call.account.deals.crm_accounts.values(), call.params, Columns(names))


_CONTACT = (
    moment("created_date_time"),
    strings("phone_numbers"),
    strings("emails"),
)
_CRM = (_NAME, text("url", True), text("deal_conversion_model", True, choices=_MODELS), *_ACCOUNT)
_CRM_UPDATE = (text("name"), text("url"), text("deal_conversion_model", choices=_MODELS), *_ACCOUNT)


def _deal_method(name: str, handler: Any, *params: Param, extended: bool = False) -> Method:
    return Method(name, handler, params, _COMPONENT, extended_only=extended)


DEAL_DIRECTORY_METHODS = [
    _deal_method("create.deal_employees", _create_employee, _ID, _NAME),
    _deal_method("update.deal_employees", _update_employee, _ID, _NAME),
    _deal_method("delete.deal_employees", _deleter("employees", "employee_ext_id"), _ID),
    _deal_method("get.deal_employees", _get_employees, *LIST_PARAMS),
    _deal_method(
        "create.deal_contacts",
        _create_contacts,
        Param("contacts", "array", True, items=(_ID, _NAME, *_CONTACT), at_most=1000),
    ),
    _deal_method("update.deal_contacts", _update_contact, _ID, text("name"), *_CONTACT),
    _deal_method("get.deal_contacts", _get_contacts, *LIST_PARAMS),
    _deal_method(
        "create.deal_user_field",
        _create_field,
        _ID,
        _NAME,
        text("data_type", True, choices=("numeric", "string")),
    ),
    _deal_method("update.deal_user_field", _update_field, _ID, _NAME),
    _deal_method("delete.deal_user_field", _deleter("user_fields"), _ID),
    _deal_method("get.deal_user_fields", _get_fields, *LIST_PARAMS),
    _deal_method("create.crm_company", _create_company, _ID, _NAME, *_COMPANY, extended=True),
    _deal_method("update.crm_company", _update_company, _ID, text("name"), *_COMPANY, extended=True),
    _deal_method("delete.crm_company", _deleter("companies", "company_ext_id"), _ID, extended=True),
    _deal_method("get.crm_companies", _get_companies, *LIST_PARAMS, extended=True),
    _deal_method("create.crm_account", _create_crm, *_CRM, extended=True),
    _deal_method("update.crm_account", _update_crm, number("id", True), *_CRM_UPDATE, extended=True),
    _deal_method("get.crm_account", _get_crm, *LIST_PARAMS, extended=True),
]

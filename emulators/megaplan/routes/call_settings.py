"""Internal numbers of employees, and the shared settings of telephony."""

from typing import Any

from ..call import Answer, Call, card
from ..data.records import Record
from ..errors import ExtraFieldError, MissingFieldError, NotAllowedError, NotFoundError
from ..reading.listing import ListRoute, list_table
from ..router import Router
from ..writing.body import TEXT, link, read_body
from .handlers import card_of, finder

SCOPE = "callServerConfig"
_CONFIGS = ListRoute("CallUserConfigListRequest", ("CallUserConfig",))
_SETTINGS = ListRoute("SystemSettingListRequest", ("SystemSetting",))
_READERS = {"employee": link("Employee"), "settings": TEXT, "internalNumber": TEXT}


def add_routes(router: Router) -> None:
    """Register the routes."""
    router.add("GET", "/callUserConfig", list_configs)
    router.add("POST", "/callUserConfig", post_config)
    router.add("GET", "/callUserConfig/{id}", card_of(finder("CallUserConfig")))
    router.add("POST", "/callUserConfig/{id}", post_config)
    router.add("GET", "/callUserConfig/Employee/{employeeId}", get_config_of)
    router.add("DELETE", "/callUserConfig/Employee/{employeeId}", delete_config_of)
    router.add("POST", "/systemSetting", post_setting)
    router.add("GET", "/systemSetting/{scope}", list_settings)
    router.add("GET", "/systemSetting/{scope}/{id}", card_of(_setting))
    router.add("POST", "/systemSetting/{scope}/{id}", post_setting)
    router.add("DELETE", "/systemSetting/{scope}/{id}", delete_setting)


def list_configs(call: Call) -> Answer:
    """List the internal numbers of all employees."""
    return list_table(call, call.store.tables["CallUserConfig"], _CONFIGS)


def _config_of(call: Call, employee_id: str) -> Record | None:
    table = call.store.tables["CallUserConfig"]
    return next((row for row in table if str(row.data["employee"].id) == employee_id), None)


def get_config_of(call: Call) -> Answer:
    """One employee's setting by the employee."""
    call.no_arguments()
    config = _config_of(call, call.params["employeeId"])
    if config is None:
        raise NotFoundError
    return card(call, config)


def post_config(call: Call) -> Answer:
    """Create (no id, or null) or change; an employee has one setting, so a second one changes the first."""
    values = _config_values(call)
    employee = values.get("employee")
    if call.params.get("id", "null") != "null":
        config = call.entity("CallUserConfig")
    else:
        if employee is None:
            raise MissingFieldError("employee")
        known = _config_of(call, str(employee.id))
        if known is None:
            table = call.store.tables["CallUserConfig"]
            known = Record("CallUserConfig", table.next_id(), values)
            call.store.add(known)
        config = known
    call.store.write(config, lambda: config.data.update(values))
    return card(call, config)


def _config_values(call: Call) -> dict[str, Any]:
    values = read_body(call.store, "CallUserConfig", call.entity_body(), _READERS)
    if "employee" in values and values["employee"] is None:
        raise MissingFieldError("employee")
    return values


def delete_config_of(call: Call) -> Answer:
    """Take an employee's internal number away."""
    config = _config_of(call, call.params["employeeId"])
    if config is None:
        raise NotFoundError
    call.store.remove(config)
    return Answer([])


def _check_scope(scope: Any) -> None:
    if scope != SCOPE:
        raise NotAllowedError("SystemSetting", "scope")


def list_settings(call: Call) -> Answer:
    """List all settings of the only scope there is."""
    _check_scope(call.params["scope"])
    return list_table(call, call.store.tables["SystemSetting"], _SETTINGS)


def _setting(call: Call) -> Record:
    _check_scope(call.params["scope"])
    return call.entity("SystemSetting")


def post_setting(call: Call) -> Answer:
    """Write a setting: any JSON under any name."""
    body = call.entity_body()
    _check_scope(call.params.get("scope", body.get("scope")))
    id = call.params.get("id", body.get("id"))
    if id in (None, ""):
        raise MissingFieldError("id")
    for name in body:
        if name not in {"contentType", "id", "scope", "value"}:
            raise ExtraFieldError(name, "SystemSetting")
    setting = call.store.find("SystemSetting", str(id))
    if setting is None:
        setting = Record("SystemSetting", str(id), {"scope": SCOPE})
        call.store.add(setting)
    written = setting
    call.store.write(written, lambda: written.data.update(value=body.get("value")))
    return card(call, written)


def delete_setting(call: Call) -> Answer:
    """Delete a setting."""
    call.store.remove(_setting(call))
    return Answer([])

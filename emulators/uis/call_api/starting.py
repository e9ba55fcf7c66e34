"""``start.*``: calls the platform makes on request. None is idempotent or takes a request key."""

from typing import Any

from ..cabinet.employees import Employee
from ..calls.api_call import ApiCall
from ..calls.dialing import Target
from ..calls.people import People, read_people
from ..errors import RpcError
from ..rpc.method import Call, Method
from ..rpc.params import Param, check_phone, flag, number, text

BASIC = "callapi"
_RULES = ("fixed", "fixed_for_numa", "random", "regional_random", "regional_fixed_for_numa")
MESSAGE = (text("type", True, choices=("media", "tts")), text("value", True))
_TTS_LIMIT = 4_000


def _common(first: str) -> tuple[Param, ...]:
    return (
        text("first_call", True, choices=("contact", first)),
        text("virtual_phone_number", True),
        text("contact", True),
        text("direction", choices=("in", "out")),
        text("external_id", nullable=True),
        flag("show_virtual_phone_number"),
        flag("switch_at_once"),
        flag("early_switching"),
        number("media_file_id"),
        text("virtual_phone_usage_rule", choices=_RULES),
        text("dtmf_string"),
        Param("contact_message", "object", items=MESSAGE),
    )


def _start_employee(call: Call) -> dict[str, Any]:
    _check_common(call, blacklist_code=-32002)
    _check_switching(call)
    _check_messages(call, "contact_message", "employee_message")
    spec = call.params["employee"]
    employee = call.account.directory.employees.get(spec["id"])
    if employee is None:
        raise RpcError("employee_not_found", "employee.id", spec["id"])
    targets = _telephones(employee, spec.get("phone_number"))
    return _launch(call, targets, call.params["first_call"])


def _telephones(employee: Employee, asked: str | None) -> list[Target]:
    """Return the named telephone, or all active ones, which are tried one by one."""
    active = [phone for phone in employee.phones if phone.status == "active"]
    if asked is not None and asked != employee.extension:
        active = [phone for phone in active if phone.number == asked]
    if not active:
        raise RpcError("no_active_phone_number", "employee.phone_number", asked)
    return [Target(phone.number, employee, phone) for phone in active]


def _start_simple(call: Call) -> dict[str, Any]:
    _check_common(call, blacklist_code=-32002)
    _check_messages(call, "contact_message", "operator_message")
    number = check_phone(call.params["operator"], "operator")
    first = "contact" if call.params["first_call"] == "contact" else "employee"
    return _launch(call, [Target(number)], first)


def _start_scenario(call: Call) -> dict[str, Any]:
    _check_common(call, blacklist_code=-32602)
    scenario = call.account.directory.scenarios.get(call.params["scenario_id"])
    if scenario is None:
        raise RpcError("scenario_not_found", "scenario_id", call.params["scenario_id"])
    operation = next((op for op in scenario.operations if op["mnemonic"] == "dialing"), None)
    members = call.account.directory.members(operation) if operation else []
    targets = [Target(p.number, one, p) for one in members for p in one.active_phones()[:1]]
    return _launch(call, targets, "contact", "callapi_scenario_call")


def _start_informer(call: Call) -> dict[str, Any]:
    _check_common(call, blacklist_code=-32602)
    _check_messages(call, "contact_message")
    if not 0 < call.params.get("dialing_timeout", 30) <= 120:
        raise RpcError("invalid_parameter_value", "dialing_timeout", call.params["dialing_timeout"])
    return _launch(call, [], "contact", "callapi_informer_call")


def _start_vnumber(call: Call) -> dict[str, Any]:
    """Call an own virtual number: the contact is rung, then the number's scenario would answer."""
    _check_common(call, blacklist_code=-32002)
    virtual = call.account.directory.number(call.params["virtual_phone_number"])
    scenario = call.account.directory.scenarios.get(virtual.scenario_id) if virtual else None
    operation = (
        next((op for op in scenario.operations if op["mnemonic"] == "dialing"), None) if scenario else None
    )
    members = call.account.directory.members(operation) if operation else []
    targets = [Target(p.number, one, p) for one in members for p in one.active_phones()[:1]]
    return _launch(call, targets, "contact")


def _check_common(call: Call, blacklist_code: int) -> None:
    """Check numbers. ``contact_in_blacklist`` has another code in scenario and informer calls."""
    directory, params = call.account.directory, call.params
    if directory.number(params["virtual_phone_number"]) is None:
        raise RpcError(
            "virtual_phone_number_not_found", "virtual_phone_number", params["virtual_phone_number"]
        )
    contact = params["contact"]
    if directory.number(contact) is not None:
        raise RpcError("own_virtual_phone_number_not_allowed", "contact", contact)
    if directory.employee_of(contact, extensions=False) is None:
        check_phone(contact, "contact")  # internal extensions are not supported
    if contact in directory.blacklist:
        raise RpcError("contact_in_blacklist", "contact", contact, code=blacklist_code)
    media = params.get("media_file_id")
    if media is not None and media not in directory.media_files:
        raise RpcError("media_file_not_found", "media_file_id", media)


def _check_switching(call: Call) -> None:
    params = call.params
    if params.get("early_switching") and not (
        params["first_call"] == "employee" and params.get("switch_at_once")
    ):
        raise RpcError("invalid_parameters_combination", "early_switching", True)


def _check_messages(call: Call, *names: str) -> None:
    for name in names:
        if name in call.params:
            check_message(call, call.params[name], name)


def check_message(call: Call, message: dict[str, Any], name: str) -> None:
    """Check a file to play or a text to speak.

    :raises RpcError: media_file_not_found, tts_text_exceeded.
    """
    value = message["value"]
    if message["type"] == "media":
        if not value.isdigit() or int(value) not in call.account.directory.media_files:
            raise RpcError("media_file_not_found", f"{name}.value", value)
    elif len(value) > _TTS_LIMIT:
        raise RpcError("tts_text_exceeded", f"{name}.value", len(value))


def _launch(call: Call, targets: list[Target], first: str, source: str = "callapi") -> dict[str, Any]:
    account, params = call.account, call.params
    exchange, at = account.exchange, account.clock.now()
    direction = params.get("direction", "in")  # the documented default, even for click-to-call
    session = exchange.new_session(direction, source, params["contact"], params["virtual_phone_number"], at)
    session.external_id = params.get("external_id")
    session.api_request_id = exchange.new_request_id()
    people: People = exchange.next_people.pop(0) if exchange.next_people else read_people({}, account.knobs)
    flow = ApiCall(exchange, session, people, account.timeline)
    flow.targets, flow.first = tuple(targets), first
    account.timeline.at(at, flow.launch)
    return {"call_session_id": session.id}


_EMPLOYEE = Param("employee", "object", True, items=(number("id", True), text("phone_number")))
_SHORT = (
    text("first_call", choices=("contact", "employee", "operator")),
    text("virtual_phone_number", True),
    text("contact", True),
    text("direction", choices=("in", "out")),
    text("external_id", nullable=True),
)
_FILE = Param("contact_message", "object", items=MESSAGE)
STARTING_METHODS = [
    Method(
        "start.employee_call",
        _start_employee,
        (*_common("employee"), _EMPLOYEE, Param("employee_message", "object", items=MESSAGE)),
        BASIC,
    ),
    Method(
        "start.simple_call",
        _start_simple,
        (
            *_common("operator"),
            text("operator", True),
            Param("operator_message", "object", items=MESSAGE),
            text("operator_confirmation"),
        ),
        BASIC,
    ),
    Method(
        "start.scenario_call",
        _start_scenario,
        (
            text("first_call", True, choices=("contact", "employee", "operator")),
            *_SHORT[1:],
            number("scenario_id", True),
            _FILE,
        ),
        "callapi_scenario_call",
    ),
    Method("start.vnumber_call", _start_vnumber, (*_SHORT, _FILE), BASIC),
    Method(
        "start.informer_call",
        _start_informer,
        (
            *_SHORT,
            Param("contact_message", "object", True, items=MESSAGE),
            number("dialing_timeout"),
        ),
        "callapi_informer_call",
    ),
]

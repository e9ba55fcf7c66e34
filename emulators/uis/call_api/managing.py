"""Managing calls by ``call_session_id``; success is the *string* ``"true"``. And ``list.calls``."""

from collections.abc import Callable
from typing import Any

from ..calls.consultation import Consultation, WrongStateError
from ..calls.flow import Flow
from ..calls.session import TALKING, Leg, Session
from ..errors import RpcError
from ..rpc.listing import Rows
from ..rpc.method import Call, Method
from ..rpc.params import Param, number, text
from ..tagging import has_tag, set_tag
from .starting import BASIC, MESSAGE, check_message

_MANAGING = "callapi_management_call"
_OK = {"success": "true"}


def _flow(call: Call) -> Flow:
    """Return the call that goes on under this id.

    :raises RpcError: call_session_not_found, for a finished one too.
    """
    id = call.params["call_session_id"]
    flow: Flow | None = call.account.exchange.flows.get(id)
    if flow is None:
        raise RpcError("call_session_not_found", "call_session_id", id)
    return flow


def _act(call: Call, action: Callable[[Consultation, float], None]) -> dict[str, Any]:
    flow = _flow(call)
    try:
        action(call.account.consultation(flow), call.account.clock.now())
    except WrongStateError as error:
        raise RpcError("invalid_state", params={"state": str(error)}) from error
    return _OK


def _release(call: Call) -> dict[str, Any]:
    # the reason that the platform records is unknown
    _flow(call).finish(call.account.clock.now(), "operator_disconnects")
    return _OK


def _disconnect_leg(call: Call) -> dict[str, Any]:
    wanted = call.params["leg_id"]
    leg = next((leg for leg in _flow(call).session.legs if leg.id == wanted and leg.alive), None)
    if leg is None:
        raise RpcError("leg_not_found", "leg_id", wanted)
    return _act(call, lambda managed, at: managed.disconnect_leg(leg, at))


def _hold(call: Call) -> dict[str, Any]:
    _flow(call)
    check_message(call, call.params["contact_message"], "contact_message")
    return _act(call, lambda managed, at: managed.hold(at))


def _unhold(call: Call) -> dict[str, Any]:
    return _act(call, lambda managed, at: managed.unhold(at))


def _make_call(call: Call) -> dict[str, Any]:
    """Ring a third party: an employee by id or extension, a SIP login, or any number."""
    directory, to = call.account.directory, call.params["to"]
    employee = directory.employee_named(to)
    found = directory.employee_of(to, extensions=False)
    if found is not None:
        employee = found[0]
    elif employee is None and not (to.isdigit() and len(to) >= 10):
        raise RpcError("invalid_parameter_value", "to", to)
    digits = to
    if employee is not None and found is None:
        phone = next((phone for phone in employee.phones if phone.status == "active"), None)
        if phone is None:
            raise RpcError("no_active_phone_number", "to", to)
        digits = phone.number
    return _act(call, lambda managed, at: managed.make_call(digits, employee, at))


def _transfer(call: Call) -> dict[str, Any]:
    return _act(call, lambda managed, at: managed.transfer(at))


def _restore(call: Call) -> dict[str, Any]:
    return _act(call, lambda managed, at: managed.restore(at))


def _tag(call: Call) -> dict[str, Any]:
    session, wanted = _flow(call).session, call.params["tag_id"]
    tag = call.account.directory.tag(wanted)
    if tag is None:
        raise RpcError("tag_not_found", "tag_id", wanted)
    if has_tag(session, tag):
        raise RpcError("duplicate_tag", "tag_id", wanted)
    set_tag(call.account, session, tag)
    return _OK


def _record(call: Call) -> dict[str, Any]:
    """Switch the recording of this call; what the employee's own setting demands cannot be switched off."""
    flow = _flow(call)
    session, on = flow.session, call.params["action"] == "on"
    talk = session.talk
    recorded = talk.recorded if talk is not None else bool(session.recording)
    if on and recorded:
        raise RpcError("record_already_started", "action", "on")
    employee = talk.employee if talk is not None else None
    if not on and employee is not None and employee.records(session.direction):
        raise RpcError("forbidden", "action", "off", code=-32602)
    if not on and not recorded:
        raise RpcError("record_already_stopped", "action", "off")
    session.recording = on
    if talk is not None:
        talk.recorded = on
    extra = {"legs": talk.legs if talk else tuple(session.legs), "employee": employee}
    at = call.account.clock.now()
    flow.emit("talk_record_control", at, status="on" if on else "off", **extra)
    return _OK


def _send_dtmf(call: Call) -> dict[str, Any]:
    _flow(call)
    digits = call.params["dtmf_string"]
    if not digits or set(digits) - set("0123456789*#.ABCD"):
        raise RpcError("invalid_parameter_value", "dtmf_string", digits)
    return _OK


def _block_contact(call: Call) -> dict[str, Any]:
    contact, blacklist = _flow(call).session.contact_phone, call.account.directory.blacklist
    if contact in blacklist:
        raise RpcError("duplicate_contact", "call_session_id", call.params["call_session_id"])
    blacklist.add(contact)
    return _OK


def _add_coach(call: Call) -> dict[str, Any]:
    flow = _flow(call)
    found = call.account.directory.employee_of(call.params.get("phone_number", ""))
    if found is None:
        raise RpcError("coach_not_found", "phone_number", call.params.get("phone_number"))
    employee, phone = found
    if phone.status != "active":
        raise RpcError("no_active_phone_number", "phone_number", phone.number)
    at = call.account.clock.now()
    session = flow.session
    leg = call.account.exchange.new_leg(
        session, "out", session.contact_phone, phone.number, at, employee, phone.number
    )
    leg.is_coach, leg.connected, leg.state = True, at, TALKING
    employee.busy += 1
    return _OK


def _list_calls(call: Call) -> Rows:
    params = call.params
    rows = [
        _call_row(call, session)
        for session in call.account.exchange.alive()
        if params.get("direction", session.direction) == session.direction
        and params.get("virtual_phone_number", session.virtual_number) == session.virtual_number
    ]
    return Rows(rows, len(rows))


def _call_row(call: Call, session: Session) -> dict[str, Any]:
    return {
        "call_session_id": session.id,
        "direction": session.direction,
        # a "T", milliseconds and no zone, contrary to the description
        "start_time": call.account.wall.text_ms(session.started, "T"),
        "virtual_phone_number": session.virtual_number,
        "contact_phone_number": session.contact_phone,
        "external_id": session.external_id,
        "tags": [{"tag_id": tag.id, "tag_name": tag.name} for tag, _, _ in session.tags],
        "legs": [_leg_row(session, leg) for leg in session.legs],
    }


def _leg_row(session: Session, leg: Leg) -> dict[str, Any]:
    records = leg.employee is not None and leg.employee.records(session.direction)
    return {
        "leg_id": leg.id,
        "calling_phone_number": leg.calling,
        "called_phone_number": leg.called,
        "is_operator": leg.is_operator,
        "employee_id": leg.employee.id if leg.employee else None,
        "employee_full_name": leg.employee.full_name if leg.employee else None,
        "record_call_enabled": records if session.recording is None else session.recording,
        "state": leg.state,
    }


_SESSION = number("call_session_id", True)


def _managing(name: str, handler: Any, *params: Param) -> Method:
    return Method(name, handler, (_SESSION, *params), _MANAGING)


MANAGING_METHODS = [
    Method("release.call", _release, (_SESSION,), BASIC),
    _managing("disconnect.leg", _disconnect_leg, number("leg_id", True)),
    _managing("hold.call", _hold, Param("contact_message", "object", True, items=MESSAGE)),
    _managing("unhold.call", _unhold),
    _managing("make.call", _make_call, text("to", True), Param("to_message", "object", items=MESSAGE)),
    _managing("transfer.talk", _transfer),
    _managing("restore.talk", _restore),
    _managing("tag.call", _tag, number("tag_id", True)),
    _managing("record.call", _record, text("action", True, choices=("on", "off"))),
    _managing("send.dtmf", _send_dtmf, text("dtmf_string", True)),
    _managing("add.coach", _add_coach, text("phone_number")),
    _managing("block.contact", _block_contact),
    Method(
        "list.calls",
        _list_calls,
        (text("direction", choices=("in", "out")), text("virtual_phone_number")),
        _MANAGING,
    ),
]

"""``get.call_legs_report``: one row for each leg; the only report with an employee's telephone."""

from typing import Any

from ..calls.session import Leg, Session
from ..recordings import ready_ids
from ..rpc.listing import LIST_PARAMS, Columns, Rows, list_rows, names
from ..rpc.method import Call, Method
from ..rpc.params import flag
from .interval import INTERVAL, read_interval

_DEFAULT = names("""
    id call_session_id call_records wav_call_records start_time connect_time duration total_duration
    finish_reason virtual_phone_number calling_phone_number called_phone_number direction is_transfered
    is_operator employee_id employee_rating scenario_id scenario_name is_coach release_cause_code
    release_cause_description is_failed contact_id contact_full_name contact_phone_number action_id
    action_name group_id group_name
""")
_ON_REQUEST = names("finish_reason_description employee_full_name employee_phone_number is_talked")
_NAMES = (*_DEFAULT, *_ON_REQUEST)
_COLUMNS = Columns(
    _NAMES,
    _DEFAULT,
    filterable=frozenset(_NAMES) - {"start_time", "connect_time", "call_records", "wav_call_records"},
    sortable=frozenset({"start_time"}),
)


def _report(call: Call) -> Rows:
    begin, end = read_interval(call, months=3)
    ongoing = call.params.get("include_ongoing_calls", False)
    rows = [
        (leg.started, _row(call, session, leg))
        for session in call.account.exchange.sessions.values()
        if not session.alive or ongoing
        for leg in session.legs
        if begin <= leg.started <= end
    ]
    rows.sort(key=lambda pair: (pair[0], pair[1]["id"]))
    return list_rows((row for _, row in rows), call.params, _COLUMNS)


def _row(call: Call, session: Session, leg: Leg) -> dict[str, Any]:
    account = call.account
    now, wall = account.clock.now(), account.wall
    end = now if leg.finished is None else leg.finished
    records = ready_ids(session, "talk", now, account.knobs) if leg.is_talked and leg.is_operator else []
    return {
        "id": leg.id,
        "call_session_id": session.id,
        "call_records": records,
        "wav_call_records": [],
        "start_time": wall.text(leg.started),
        "connect_time": wall.text(leg.connected),
        "duration": 0 if leg.connected is None else round(end - leg.connected),
        "total_duration": round(end - leg.started),
        "finish_reason": leg.finish_reason,
        "virtual_phone_number": session.virtual_number,
        "calling_phone_number": leg.calling,
        "called_phone_number": leg.called,
        "direction": leg.direction,
        "is_transfered": leg.is_transfered,
        "is_operator": leg.is_operator,
        "employee_id": leg.employee.id if leg.employee else None,
        "employee_full_name": leg.employee.full_name if leg.employee else None,
        "employee_phone_number": leg.phone,
        "scenario_id": session.scenario.id if session.scenario else None,
        "scenario_name": session.scenario.name if session.scenario else None,
        "is_coach": leg.is_coach,
        "is_failed": leg.is_failed,
        "is_talked": leg.is_talked,
        "contact_id": session.contact.id if session.contact else None,
        "contact_full_name": session.contact.full_name if session.contact else None,
        "contact_phone_number": session.contact_phone,
        "action_id": leg.operation.get("id"),
        "action_name": leg.operation.get("name"),
        "group_id": leg.operation.get("group"),
    }


LEGS_REPORT_METHODS = [
    Method("get.call_legs_report", _report, (*INTERVAL, *LIST_PARAMS, flag("include_ongoing_calls"))),
]

"""The flat reports: ``report_id`` from ``get.reports_list``, an interval of up to 366 days, and ``fields``.

Without ``fields`` the answer is empty. Filters are trees of at most two levels.
"""

from typing import Any

from ..deals.rows import DEAL_COLUMNS, deal_row, user_field_column
from ..errors import RpcError
from ..rpc.listing import LIST_PARAMS, Columns, Rows, list_rows
from ..rpc.method import Call, Method
from ..rpc.params import Param, number, text
from .flat_rows import (
    CALL_COLUMNS,
    NOTIFICATION_COLUMNS,
    REQUEST_COLUMNS,
    call_row,
    notification_rows,
    request_rows,
)
from .interval import INTERVAL, read_interval

_COMPONENT = "dataapi_reports"
REPORTS = {
    1001: ("calls", "Звонки"),
    1002: ("deals", "Все сделки"),
    1003: ("communications", "Обращения"),
    1004: ("leads", "Лиды"),
    1005: ("call_summary", "Сводка по звонкам"),
}


def _reports(call: Call) -> Rows:
    rows = [{"id": id, "type": type, "name": name} for id, (type, name) in REPORTS.items()]
    return list_rows(rows, call.params, Columns(("id", "type", "name")))


def _check_report(call: Call, type: str) -> None:
    id = call.params["report_id"]
    if REPORTS.get(id, ("", ""))[0] != type:
        raise RpcError("entity_not_found", "report_id", id, f"Not a report of type {type}")


def _columns(names: dict[str, str]) -> Columns:
    return Columns(tuple(names), fields_required=True, filter_depth=2)


def _deal_columns(call: Call) -> dict[str, str]:
    """Return the columns of deals; user fields add further ones."""
    own = {user_field_column(id): spec["name"] for id, spec in call.account.deals.user_fields.items()}
    return DEAL_COLUMNS | own


def _calls(call: Call) -> Rows:
    _check_report(call, "calls")
    begin, end = read_interval(call, days=366)
    rows = [
        call_row(call, session)
        for session in call.account.exchange.sessions.values()
        if not session.alive and begin <= session.started <= end
    ]
    return list_rows(rows, call.params, _columns(CALL_COLUMNS))


def _details(call: Call) -> Rows:
    """Return the timeline of chosen calls."""
    _check_report(call, "calls")
    account = call.account
    begin, end = read_interval(call, days=366)
    rows = []
    for id in call.params["entity_ids"]:
        session = account.exchange.sessions.get(id)
        if session is None or not begin <= session.started <= end:
            continue
        events = [
            {
                "event_time": account.wall.local(event["time"]).strftime("%H:%M:%S"),
                "event_mnemonic": event["event"],
                "event_name": event["event"],
                "event_text": f"<b>{event['event']}</b>",
                "event_type": "call",
                "duration": None,
                "is_failed": False,
                "fail_hint": None,
                "data": [],
            }
            for event in account.notifier.events
            if event["call_session_id"] == id
        ]
        rows.append(call_row(call, session) | {"call_events": events})
    return list_rows(rows, call.params, _columns(CALL_COLUMNS | {"call_events": "События"}))


def _deals(call: Call) -> Rows:
    """Return deals by the date of their creation."""
    _check_report(call, "deals")
    begin, end = read_interval(call, days=366)
    store, sessions = call.account.deals, call.account.exchange.sessions
    records = [record for record in store.newest_visible() if begin <= record.created <= end]
    records.sort(key=lambda record: record.created)
    rows = [deal_row(store, record, sessions) for record in records]
    answer = list_rows(rows, call.params, _columns(_deal_columns(call)))
    if call.account.knobs.flat_data_object and answer.data:
        answer.data = answer.data[0]
    return answer


def _notifications(call: Call) -> Rows:
    begin, end = read_interval(call, days=366)
    return list_rows(notification_rows(call, begin, end), call.params, _columns(NOTIFICATION_COLUMNS))


def _requests(call: Call) -> Rows:
    begin, end = read_interval(call, days=366)
    return list_rows(request_rows(call, begin, end), call.params, _columns(REQUEST_COLUMNS))


def _tree(call: Call) -> dict[str, Any]:
    names = CALL_COLUMNS if call.params["report_type"] == "calls" else _deal_columns(call)
    columns = [
        {"id": id, "name": name, "is_default": id != "deal_company", "children": []}
        for id, name in names.items()
    ]
    return {"report_type": call.params["report_type"], "columns": columns}


def _filters(call: Call) -> Rows:
    names = CALL_COLUMNS if call.params["report_type"] == "calls" else _deal_columns(call)
    rows = [{"id": id, "name": name} for id, name in names.items()]
    return list_rows(rows, {}, Columns(("id", "name")))


_REPORT_TYPE = text("report_type", True, choices=("calls", "deals"))
_REPORT = (number("report_id", True), *INTERVAL, *LIST_PARAMS)
_LOG = (number("report_id"), *INTERVAL, *LIST_PARAMS)
FLAT_REPORT_METHODS = [
    Method("get.reports_list", _reports, LIST_PARAMS, _COMPONENT),
    Method("get.calls", _calls, _REPORT, _COMPONENT),
    Method(
        "get.call_details",
        _details,
        (*_REPORT, Param("entity_ids", "array", True, item_type="integer")),
        _COMPONENT,
    ),
    Method("get.deals", _deals, _REPORT, _COMPONENT),
    Method("get.notifications", _notifications, _LOG, _COMPONENT),
    Method("get.api_requests", _requests, _LOG, _COMPONENT),
    Method("getobj.columns_tree", _tree, (_REPORT_TYPE,), _COMPONENT),
    Method("get.report_filters", _filters, (_REPORT_TYPE,), _COMPONENT),
]

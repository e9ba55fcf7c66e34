"""Rows of the flat reports about calls, notifications and API requests.

Enumerations are ``{value, value_id}``; durations are ``hh:mm:ss``; numbers are numbers although some are
documented as strings.
"""

from typing import Any

from ..calls.session import Session
from ..errors import CODES
from ..notifications.events import EVENTS
from ..recordings import ready_ids
from ..rpc.listing import names
from ..rpc.method import Call


def _titled(columns: tuple[str, ...]) -> dict[str, str]:
    return {name: name.replace("_", " ") for name in columns}


# id of the column → its name in the cabinet
CALL_COLUMNS: dict[str, str] = {
    "communication_id": "Идентификатор обращения",
    "call_start_date_time": "Дата и время звонка",
    "call_start_date": "Дата звонка",
    "call_start_time": "Время звонка",
    "contact_phone_number": "Номер абонента",
    "call_direction": "Направление",
    "call_status": "Статус звонка",
    "call_type": "Тип звонка",
    "virtual_phone_number": "Виртуальный номер",
    "call_scenario": "Сценарий",
    "employees": "Сотрудники",
    "employee_groups": "Группы",
    "call_total_duration": "Общая длительность",
    "call_await_talk_duration": "Длительность ожидания",
    "call_dialing_duration": "Длительность дозвона",
    "call_talk_duration": "Длительность разговора",
    "call_is_internal": "Внутренний",
    "call_is_transfer": "С трансфером",
    "call_is_redirect": "С переадресацией",
    "call_finish_reason": "Причина завершения",
    "call_scenario_actions": "Операции сценария",
    "call_processing_status": "Статус обработки",
    "call_records": "Записи",
    "communication_comment": "Комментарий",
    "communication_comment_author": "Автор комментария",
    "tags": "Теги",
    "cdrs": "Плечи",
    "crm_contact_name": "Контакт CRM",
    "site_name": "Сайт",
    "site_domain_name": "Домен",
    "coaches": "Тренеры",
    "employee_rating": "Оценка",
}
NOTIFICATION_COLUMNS = _titled(
    names("""
    notification_id notification_name event_type communication_id communication_type notification_status
    notification_channel notification_delay notification_message notification_send_to
    notification_sms_count notification_error_type notification_error_message notification_send_date_time
    notification_start_date_time
""")
)
REQUEST_COLUMNS = _titled(
    names("""
    request_date_time api method weight ip token_name status error_code error_mnemonic execution_time
    call_session_id
""")
)


def call_row(call: Call, session: Session) -> dict[str, Any]:
    """Return a row of ``get.calls``."""
    account = call.account
    wall, now = account.wall, account.clock.now()
    moment = wall.text(session.started) or ""
    status = "lost" if session.is_lost else "received"
    titles = {"in": "Входящий", "out": "Исходящий", "lost": "Пропущенный", "received": "Принятый"}
    groups = [
        group.name
        for group in account.directory.groups
        if any(employee.id in group.members for employee in session.took_part())
    ]
    return dict.fromkeys(CALL_COLUMNS) | {
        "communication_id": session.id,
        "call_start_date_time": moment,
        "call_start_date": moment[:10],
        "call_start_time": moment[11:],
        # documented as a string
        "contact_phone_number": {
            "value": session.contact_phone,
            "extra": {"call_status": status, "call_direction": session.direction},
        },
        "call_direction": _enum(titles[session.direction], session.direction),
        "call_status": _enum(titles[status], status),
        "call_type": _enum(session.source, session.source),
        "virtual_phone_number": session.virtual_number,
        "call_scenario": session.scenario.name if session.scenario else None,
        "employees": [{"employee_full_name": employee.full_name} for employee in session.took_part()],
        "employee_groups": groups,
        "call_total_duration": _duration(session.total_seconds(now)),
        "call_await_talk_duration": None if session.is_lost else _duration(session.wait_seconds(now)),
        # seen as a bare number in lost calls, null otherwise
        "call_dialing_duration": session.wait_seconds(now) if session.is_lost else None,
        "call_talk_duration": _duration(session.talk_seconds(now)),
        "call_is_internal": _yes_no(session.is_internal),
        "call_is_transfer": _yes_no(session.is_transfer),
        "call_is_redirect": _yes_no(False),
        "call_finish_reason": _enum(session.finish_reason, session.finish_reason),
        "call_scenario_actions": [
            {"action_id": op.get("id"), "action_name": op.get("name")} for op in session.operations
        ],
        "call_processing_status": _enum("Обработан", "processed"),
        "call_records": ready_ids(session, "talk", now, account.knobs) or None,
        "tags": {
            "items": [{"id": tag.id, "name": tag.name, "color": "color2"} for tag, _, _ in session.tags],
            "communication_id": session.id,
            "communication_type": "call",
        },
        "cdrs": [{"id": leg.id, "date_time": wall.text(leg.started)} for leg in session.legs],
        "coaches": [leg.employee.full_name for leg in session.legs if leg.is_coach and leg.employee],
    }


def notification_rows(call: Call, begin: float, end: float) -> list[dict[str, Any]]:
    """Return rows of ``get.notifications``: what was sent, and what could not be."""
    wall = call.account.wall
    rows = []
    for delivery in call.account.notifier.log:
        if not begin <= delivery.occurred <= end or delivery.sent is None:
            continue
        notification, sent = delivery.notification, delivery.status == "sent"
        rows.append(
            dict.fromkeys(NOTIFICATION_COLUMNS)
            | {
                "notification_id": notification.id,
                "notification_name": notification.name,
                "event_type": _enum(EVENTS[notification.event][1], notification.event),
                "communication_id": delivery.communication_id,
                "communication_type": _enum("Звонок", "call"),
                "notification_status": _enum("Отправлено", "sent") if sent else _enum("Ошибка", "error"),
                "notification_channel": _enum("HTTP", "http_request"),
                "notification_delay": round(delivery.sent - delivery.occurred),
                "notification_message": delivery.message,
                "notification_send_to": notification.url,
                "notification_error_type": delivery.error_type,
                "notification_error_message": delivery.error,
                "notification_send_date_time": wall.text(delivery.sent),
                "notification_start_date_time": wall.text(delivery.occurred),
            }
        )
    return rows


def request_rows(call: Call, begin: float, end: float) -> list[dict[str, Any]]:
    """Return rows of ``get.api_requests``."""
    return [
        {
            "request_date_time": call.account.wall.text(entry.time),
            "api": {"data": "dataapi", "call": "callapi"}.get(entry.api),
            "method": entry.method,
            "weight": entry.points,
            "ip": entry.ip,
            "token_name": entry.token,
            "status": "failure" if entry.mnemonic else "success",
            "error_code": CODES.get(entry.mnemonic) if entry.mnemonic else None,
            "error_mnemonic": entry.mnemonic,
            "execution_time": entry.duration_ms,
            "call_session_id": entry.call_session_id,
        }
        for entry in call.account.log
        if entry.api and begin <= entry.time <= end
    ]


def _enum(value: Any, id: Any) -> dict[str, Any]:
    return {"value": value, "value_id": id}


def _yes_no(value: bool) -> dict[str, Any]:
    return _enum("Да" if value else "Нет", value)


def _duration(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"

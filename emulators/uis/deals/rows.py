"""Rows of the report "Сделки": the state of every deal, with figures from the calls of its contact."""

from typing import Any

from ..calls.session import Session
from .store import DealRecord, DealStore, Stage

DEAL_COLUMNS: dict[str, str] = {
    "deal_date_time": "Дата и время создания сделки",
    "deal_current_funnel": "Воронка продаж",
    "deal_current_stage": "Текущий этап сделки",
    "stage_before_failure": "Последний этап перед отказом",
    "deal_finish_date": "Дата закрытия сделки",
    "deal_current_stage_date": "Дата перемещения сделки в этап",
    "deal_contact": "Контакт сделки",
    "deal_revenue": "Сумма сделки, ₽",
    "deal_contact_phone_numbers": "Номера телефонов контакта",
    "deal_contact_emails": "Emails контакта",
    "deal_cycle": "Цикл сделки (дн.)",
    "deal_name": "Сделка",
    "deal_contact_ext_id": "Идентификатор контакта",
    "deal_comments": "Комментарий сделки",
    "deal_ext_id": "Идентификатор сделки (внешний)",
    "days_before_start_deal": "Дней до создания сделки",
    "days_before_finish_deal": "Дней до закрытия сделки",
    "deal_company": "Компания сделки",
    "deal_employee": "Сотрудник сделки",
    "deal_source": "Источник сделки",
    "communication_id": "Идентификатор обращения",
    "communication_type": "Тип обращения",
    "communication_date_time": "Дата и время обращения",
    "communication": "Обращения",
    "campaign_name": "Рекламная кампания",
    "site_domain_name": "Сайт",
    "site_name": "Название сайта",
    "visitor_id": "Посетитель",
    "lead_name": "Лид",
    "lead_contact": "Контакт лида",
    "lead_employee": "Сотрудник лида",
    "lead_source": "Источник лида",
}
# a call is linked to a deal of the same number that was made at most this long after it
_LINK_SECONDS = 30 * 86_400


def user_field_column(ext_id: str) -> str:
    """Return the column's id of a field made by ``create.deal_user_field``."""
    return f"deal_user_field_{ext_id}"


def deal_row(store: DealStore, record: DealRecord, sessions: dict[int, Session]) -> dict[str, Any]:
    """Return a deal as ``get.deals`` shows it."""
    data, wall = record.state, store.wall
    funnel = store.funnels[data["sales_funnel_ext_id"]]
    stage = funnel.stage(data["stage_ext_id"])
    contact = store.contacts.get(data.get("main_contact_ext_id") or "")
    company = store.companies.get(data.get("company_ext_id") or "")
    finished = _finished(store, record, stage)
    calls = _calls(record, contact, sessions)
    first = calls[0] if calls else None
    end = store.clock.now() if finished is None else finished
    row: dict[str, Any] = dict.fromkeys(DEAL_COLUMNS)
    row |= {
        "deal_date_time": data["created_date_time"],
        "deal_current_funnel": funnel.name,
        "deal_current_stage": stage.name if stage else None,
        "stage_before_failure": _before_failure(store, record, stage),
        "deal_finish_date": wall.date(finished),
        "deal_current_stage_date": wall.date(record.stage_moved),
        "deal_contact": {"value": contact["name"], "value_url": None} if contact else None,
        "deal_revenue": data.get("revenue"),
        "deal_contact_phone_numbers": contact["phone_numbers"] if contact else [],
        "deal_contact_emails": contact["emails"] if contact else [],
        "deal_cycle": int((end - record.created) // 86_400),
        "deal_name": {"value": data["name"], "value_url": None},
        "deal_contact_ext_id": data.get("main_contact_ext_id"),
        "deal_comments": data.get("comments"),
        "deal_ext_id": data["ext_id"],
        "deal_company": {"value": company["name"], "value_url": None} if company else None,
        "deal_employee": store.employees.get(data.get("employee_ext_id") or ""),
        "deal_source": data.get("source"),
        "communication": [
            {"id": one.id, "type": "call", "date_time": wall.text(one.started)} for one in calls
        ],
    }
    if first is not None:
        row |= {
            "communication_id": first.id,
            "communication_type": {"value": "Звонок", "value_id": "call"},
            "communication_date_time": wall.text(first.started),
            "days_before_start_deal": max(0, int((record.created - first.started) // 86_400)),
        }
        if finished is not None:
            row["days_before_finish_deal"] = max(0, int((finished - first.started) // 86_400))
    elif data.get("communication_id") is not None:
        row |= {"communication_id": data["communication_id"]}
        row["communication_type"] = {
            "value": data["communication_type"],
            "value_id": data["communication_type"],
        }
    given = {entry["ext_id"]: entry["value"] for entry in data.get("user_fields") or []}
    for ext_id in store.user_fields:
        row[user_field_column(ext_id)] = given.get(ext_id)
    return row


def _finished(store: DealStore, record: DealRecord, stage: Stage | None) -> float | None:
    """Return when the deal was closed; the closing date counts only on a final stage."""
    if stage is None or stage.status == "in_process":
        return None
    closed = record.state.get("closed_date_time")
    return store.wall.timestamp(closed) if closed else record.stage_moved


def _before_failure(store: DealStore, record: DealRecord, stage: Stage | None) -> str | None:
    if stage is None or stage.status != "failed":
        return None
    funnel = store.funnels[record.data["sales_funnel_ext_id"]]
    for earlier in reversed(store.deals[record.data["ext_id"]]):
        known = funnel.stage(earlier.data["stage_ext_id"])
        if known is not None and known.status == "in_process":
            return known.name
    return None


def _calls(record: DealRecord, contact: dict[str, Any] | None, sessions: dict[int, Session]) -> list[Session]:
    """Return the deal's calls: an explicit link wins over those of the contact's numbers."""
    data = record.state
    if data.get("communication_type") == "call":
        return [sessions[data["communication_id"]]] if data["communication_id"] in sessions else []
    phones = set(contact["phone_numbers"]) if contact else set()
    found = [
        session
        for session in sessions.values()
        if session.contact_phone in phones and record.created - _LINK_SECONDS <= session.started
    ]
    return sorted(found, key=lambda session: session.started)

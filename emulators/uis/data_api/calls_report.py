"""``get.calls_report``: one row for each call session. Only start_time sorts, and dates are no filter fields."""

from typing import Any

from ..cabinet.employees import Employee
from ..calls.session import Session
from ..notifications.macros import attributes
from ..recordings import first_ready, ready_ids
from ..rpc.listing import LIST_PARAMS, Columns, Rows, list_rows, names
from ..rpc.method import Call, Method
from ..rpc.params import flag
from .interval import INTERVAL, read_interval

_DEFAULT = names("""
    id start_time finish_time finish_reason direction source is_lost communication_id communication_type
    contact_phone_number virtual_phone_number wait_duration total_wait_duration talk_duration
    clean_talk_duration total_duration call_records wav_call_records full_record_file_link cpn_region_id
    cpn_region_name cpn_country_id cpn_country_name
""")
_ON_REQUEST = names("""
    communication_number lost_call_processing_duration postprocess_duration voice_mail_records is_transfer
    tags employees first_answered_employee_id first_answered_employee_full_name last_answered_employee_id
    last_answered_employee_full_name last_answered_employee_rating first_talked_employee_id
    first_talked_employee_full_name last_talked_employee_id last_talked_employee_full_name
    operator_phone_number scenario_id scenario_name scenario_operations call_api_request_id
    call_api_external_id contact_id contact_full_name ext_id attributes
""")
# marketing attribution: known names, no values for plain telephony
_MARKETING = names("""
    sale_date sale_cost site_id site_domain_name campaign_id campaign_name visitor_id visitor_type
    visitor_session_id visits_count visitor_first_campaign_id visitor_first_campaign_name visitor_city
    visitor_region visitor_country visitor_device person_id utm_source utm_medium utm_term utm_content
    utm_campaign eq_utm_source eq_utm_medium eq_utm_term eq_utm_content eq_utm_campaign openstat_ad
    openstat_campaign openstat_service openstat_source gclid yclid ymclid ua_client_id ym_client_id
    search_engine search_query referrer referrer_domain entrance_page channel source_id source_name
    source_new channel_new channel_code segments visitor_custom_properties properties
    communication_page_url
""")
_NESTED = frozenset(
    names("""
    tags employees scenario_operations attributes segments visitor_custom_properties properties
    call_records wav_call_records voice_mail_records full_record_file_link
""")
)
_NAMES = (*_DEFAULT, *_ON_REQUEST, *_MARKETING)
CALLS_COLUMNS = Columns(
    _NAMES,
    _DEFAULT,
    filterable=frozenset(_NAMES) - _NESTED - {"start_time", "finish_time"},
    sortable=frozenset({"start_time"}),
)


def _report(call: Call) -> Rows:
    days = call.account.knobs.calls_report_days
    begin, end = read_interval(call, days=days) if days else read_interval(call, months=3)
    ongoing = call.params.get("include_ongoing_calls", False)
    sessions = [
        session
        for session in call.account.exchange.sessions.values()
        if begin <= session.started <= end and (not session.alive or ongoing)
    ]
    sessions.sort(key=lambda session: (session.started, session.id))
    return list_rows((_row(call, session) for session in sessions), call.params, CALLS_COLUMNS)


def _row(call: Call, session: Session) -> dict[str, Any]:
    account = call.account
    now, wall, knobs = account.clock.now(), account.wall, account.knobs
    ready = first_ready(session, now)
    talked, answered = session.talked(), session.answered()
    answering = [leg for leg in session.legs if leg.is_operator and leg.connected is not None]
    return {
        "id": session.id,
        "start_time": wall.text(session.started),
        "finish_time": wall.text(session.finished),
        "finish_reason": session.finish_reason,
        "direction": session.direction,
        "source": session.source,
        "is_lost": session.is_lost,
        "communication_id": session.id,
        "communication_type": "call",
        "contact_phone_number": session.contact_phone,
        "virtual_phone_number": session.virtual_number,
        "wait_duration": session.wait_seconds(now),
        "total_wait_duration": session.wait_seconds(now),
        "talk_duration": session.talk_seconds(now),
        "clean_talk_duration": session.clean_talk_seconds(now),
        "total_duration": session.total_seconds(now),
        "call_records": ready_ids(session, "talk", now, knobs),
        "wav_call_records": [],
        "full_record_file_link": account.links.media_link(ready) if ready is not None else None,
        "communication_number": None,  # "always empty for plain PBX calls"
        "postprocess_duration": 0,
        "voice_mail_records": ready_ids(session, "voice_mail", now, knobs),
        "is_transfer": session.is_transfer,
        "tags": [_tag(call, entry) for entry in session.tags],
        "employees": [_part(session, employee) for employee in session.took_part()],
        **_named("first_answered", answered[:1]),
        **_named("last_answered", answered[-1:]),
        **_named("first_talked", talked[:1]),
        **_named("last_talked", talked[-1:]),
        "operator_phone_number": answering[-1].phone if answering else None,
        "scenario_id": session.scenario.id if session.scenario else None,
        "scenario_name": session.scenario.name if session.scenario else None,
        "scenario_operations": [{"id": op.get("id"), "name": op.get("name")} for op in session.operations],
        "call_api_request_id": session.api_request_id,
        "call_api_external_id": session.external_id,
        "contact_id": session.contact.id if session.contact else None,
        "contact_full_name": session.contact.full_name if session.contact else None,
        "ext_id": session.ext_id,
        "attributes": attributes(session),
        "segments": [],
        "visitor_custom_properties": [],
        "properties": {},
    }


def _named(prefix: str, employees: list[Employee]) -> dict[str, Any]:
    one = employees[0] if employees else None
    return {
        f"{prefix}_employee_id": one.id if one else None,
        f"{prefix}_employee_full_name": one.full_name if one else None,
    }


def _part(session: Session, employee: Employee) -> dict[str, Any]:
    return {
        "employee_id": employee.id,
        "employee_full_name": employee.full_name,
        "is_answered": employee in session.answered(),
        "is_talked": employee in session.talked(),
    }


def _tag(call: Call, entry: Any) -> dict[str, Any]:
    tag, set_at, employee = entry
    return {
        "tag_id": tag.id,
        "tag_name": tag.name,
        "tag_type": "manual",
        "tag_change_time": call.account.wall.text(set_at),
        "tag_user_id": None,
        "tag_user_login": None,
        "tag_employee_id": employee.id if employee else None,
        "tag_employee_full_name": employee.full_name if employee else None,
    }


def _communications(call: Call) -> Rows:
    """Refused to plain telephony accounts, as the component ``analytics`` is switched off at first."""
    begin, end = read_interval(call, months=3)
    rows = [
        {
            "id": session.id,
            "communication_type": "call",
            "date_time": call.account.wall.text(session.started),
            "contact_phone_number": session.contact_phone,
        }
        for session in call.account.exchange.sessions.values()
        if begin <= session.started <= end and not session.alive
    ]
    names = ("id", "communication_type", "date_time", "contact_phone_number")
    return list_rows(rows, call.params, Columns(names))


CALLS_REPORT_METHODS = [
    Method("get.calls_report", _report, (*INTERVAL, *LIST_PARAMS, flag("include_ongoing_calls"))),
    Method("get.communications_report", _communications, (*INTERVAL, *LIST_PARAMS), component="analytics"),
]

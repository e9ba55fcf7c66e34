"""Events of telephony, and which macros each knows.

Which macro is valid for which event is not published. ``TEMPLATES`` are the vendor's default bodies, whose
macros are certainly valid; ``valid_macros`` adds what is plausible for the kind of event.
"""

from typing import Any

# mnemonic → (id, name)
EVENTS: dict[str, tuple[int, str]] = {
    "in_call_session": (11, "Входящий звонок на виртуальный номер"),
    "out_call_session": (15, "Исходящий звонок"),
    "call_proceeding": (6, "Ожидание ответа"),
    "call_connected": (3, "Поднятие трубки"),
    "talk_started": (20, "Начало разговора"),
    "talk_finished": (18, "Окончание разговора"),
    "call_disconnected": (4, "Завершение плеча"),
    "in_call": (23, "Входящее плечо"),
    "out_call": (24, "Исходящее плечо"),
    "call_session_finished": (1, "Завершение звонка"),
    "lost_call_session": (12, "Потерянный звонок"),
    "talk_record_file": (25, "Записанный разговор"),
    "voice_message": (21, "Голосовое сообщение"),
    "set_mark": (16, "Проставление тега"),
    "unset_mark": (64, "Снятие тега"),
    "call_hold_control": (27, "Удержание вызова"),
    "talk_record_control": (28, "Управление записью разговора"),
    "sip_line_unregister": (88, "Потеря регистрации SIP-линии"),
}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# known to every event of a call, without a value: marketing, and groups
WITHOUT_VALUE = _names(
    """
    visitor_id session_id utm_source utm_medium utm_campaign utm_term utm_content site_id site_domain_name
    campaign_id campaign_name contact_group_ids
    """
)
_NOTIFICATION = _names(
    "notification_mnemonic notification_name notification_time notification_timestamp app_id"
)
_CALL = WITHOUT_VALUE | _names("""
    call_session_id communication_id communication_type communication_number virtual_phone_number
    contact_phone_number contact_id contact_full_name direction call_source external_id scenario_id
    scenario_name is_internal start_time attributes
""")
_EMPLOYEE = _names(
    "employee_id employee_full_name employee_phone_number extension_phone_number employee_email group_ids"
)
_LEG = _names("leg_id calling_phone_number called_phone_number is_transfer")
_END = _names("""
    is_lost is_transfer lost_reason call_status employee_ids leg_ids tag_ids tag_names talk_time_duration
    total_time_duration wait_time_duration finish_time finish_time_localized first_talked_employee_id
    first_talked_employee_full_name last_talked_employee_id last_talked_employee_full_name
    first_answered_employee_id first_answered_employee_full_name last_answered_employee_id
    last_answered_employee_full_name
""")
_FILE = _names("file_link file_duration is_lost is_transfer tag_ids tag_names leg_ids")

_VALID: dict[str, frozenset[str]] = {
    "in_call_session": _CALL,
    "out_call_session": _CALL | _EMPLOYEE,
    **dict.fromkeys(
        ("call_proceeding", "call_connected", "call_disconnected", "in_call", "out_call"),
        _CALL | _EMPLOYEE | _LEG,
    ),
    "talk_started": _CALL | _EMPLOYEE | {"leg_ids", "is_transfer"},
    "talk_finished": _CALL | _EMPLOYEE | {"leg_ids", "is_transfer", "talk_time_duration"},
    "call_session_finished": _CALL | _EMPLOYEE | _END,
    "lost_call_session": _CALL | _END,
    "talk_record_file": _CALL | _EMPLOYEE | _FILE,
    "voice_message": _CALL | _FILE,
    "set_mark": _CALL | {"tag_id", "tag_name", "tag_ids", "tag_names"},
    "unset_mark": _CALL | {"tag_id", "tag_name", "tag_ids", "tag_names"},
    "call_hold_control": _CALL | _EMPLOYEE | {"status", "leg_id"},
    "talk_record_control": _CALL | _EMPLOYEE | {"status", "leg_ids", "file_link"},
    "sip_line_unregister": frozenset({"sip_line_id", "sip_line_login"}),
}

_EMPLOYEE_INFO = {"employee_full_name": "employee_full_name", "employee_id": "employee_id"}
_CONTACT = {name: name for name in ("contact_phone_number", "contact_id")}
_NUMBERED = {name: name for name in ("contact_phone_number", "communication_number")}
_FULL_CONTACT = _NUMBERED | {name: name for name in ("contact_id", "contact_full_name")}


def _flat(names: str) -> dict[str, Any]:
    return {name: name for name in names.split()}


_HEAD = _flat("notification_name notification_time")
_OF_LEG = {
    **_HEAD,
    "external_id": "external_id",
    "contact_info": _CONTACT,
    "employee_info": _EMPLOYEE_INFO,
    **_flat("call_source call_session_id direction"),
}
_MARK = {
    **_HEAD,
    **_flat("virtual_phone_number external_id"),
    "contact_info": _NUMBERED,
    "call_info": _flat("call_source call_session_id direction"),
    "tag_info": _flat("tag_id tag_name"),
}
_CONTROL = _HEAD | _flat(
    """virtual_phone_number employee_full_name employee_phone_number employee_id contact_full_name
    contact_phone_number status direction call_session_id"""
)

# default bodies of POST: key → macro, nested as in the cabinet; none has notification_mnemonic
TEMPLATES: dict[str, dict[str, Any]] = {
    "in_call_session": {
        **_HEAD,
        **_flat("virtual_phone_number scenario_name"),
        "contact_info": _FULL_CONTACT,
        "call_session_id": "call_session_id",
    },
    "out_call_session": {
        **_HEAD,
        "virtual_phone_number": "virtual_phone_number",
        "contact_info": _CONTACT | {"contact_full_name": "contact_full_name"},
        "call_session_id": "call_session_id",
        "employee_info": _EMPLOYEE_INFO | {"employee_phone_number": "employee_phone_number"},
    },
    **{
        name: {**_OF_LEG, "leg_id": "leg_id"}
        for name in ("call_proceeding", "call_connected", "call_disconnected", "in_call", "out_call")
    },
    "talk_started": {**_OF_LEG, "leg_ids": "leg_ids"},
    "talk_finished": {
        **_HEAD,
        **_flat("virtual_phone_number external_id"),
        "contact_info": _NUMBERED,
        "employee_info": _EMPLOYEE_INFO,
        "call_info": _flat("call_source call_session_id direction scenario_name talk_time_duration"),
        "leg_ids": "leg_ids",
    },
    "lost_call_session": {
        **_HEAD,
        **_flat("virtual_phone_number scenario_name wait_time_duration employee_ids"),
        "contact_info": _FULL_CONTACT,
        "call_session_id": "call_session_id",
    },
    "call_session_finished": {
        **_HEAD,
        **_flat("virtual_phone_number external_id"),
        "contact_info": _NUMBERED,
        "employee_info": _EMPLOYEE_INFO,
        "call_info": _flat(
            """call_source direction call_session_id scenario_name talk_time_duration total_time_duration
            wait_time_duration tag_names"""
        ),
    },
    "talk_record_file": {
        **_HEAD,
        **_flat("virtual_phone_number scenario_name"),
        "contact_info": _FULL_CONTACT,
        "call_session_id": "call_session_id",
        "employee_info": _EMPLOYEE_INFO,
        "call_record_file_info": {"file_link": "file_link", "call_record_duration": "file_duration"},
        **_flat("tag_ids tag_names"),
    },
    "voice_message": {
        **_HEAD,
        **_flat("virtual_phone_number scenario_name"),
        "contact_info": _FULL_CONTACT,
        "call_session_id": "call_session_id",
        "voice_mail_file_info": _flat("file_link file_duration"),
    },
    "set_mark": _MARK,
    "unset_mark": _MARK,
    "call_hold_control": _CONTROL | {"leg_id": "leg_id"},
    "talk_record_control": _CONTROL | _flat("leg_ids file_link"),
    "sip_line_unregister": _HEAD | _flat("sip_line_id sip_line_login"),
}


def valid_macros(event: str, scope: str) -> frozenset[str]:
    """Return the macros an event knows.

    :param scope: ``wide``, or ``template`` for those of its default body and the notification's own only.
    """
    if scope == "wide":
        return _NOTIFICATION | _VALID[event]
    # seen in use by a CRM although the default body lacks it
    return _NOTIFICATION | frozenset(_macros(TEMPLATES[event])) | {"virtual_phone_number"}


def _macros(template: dict[str, Any]) -> list[str]:
    found: list[str] = []
    for value in template.values():
        found += _macros(value) if isinstance(value, dict) else [value]
    return found

"""Recognizes the event of a notification that does not name it, by the fields of the default templates.

None of the vendor's default templates has ``notification_mnemonic``, and ``notification_name`` is free text. Some
templates have the same fields: call_proceeding, call_connected, call_disconnected, in_call and out_call, and also
set_mark and unset_mark. These need the macro in the template, or ``?event=`` in the URL.
"""

from collections.abc import Collection

# distinctive fields of the default templates → the event; a body has to have exactly these
_SHAPES: dict[frozenset[str], str] = {
    frozenset({"employee_phone_number"}): "out_call_session",
    frozenset({"leg_ids"}): "talk_started",
    frozenset({"leg_ids", "talk_time_duration"}): "talk_finished",
    frozenset({"wait_time_duration", "employee_ids"}): "lost_call_session",
    frozenset({"talk_time_duration", "total_time_duration", "wait_time_duration", "tag_names"}): (
        "call_session_finished"
    ),
    frozenset({"file_link", "call_record_duration", "tag_ids", "tag_names"}): "talk_record_file",
    frozenset({"file_link", "file_duration"}): "voice_message",
    frozenset({"status", "leg_id", "employee_phone_number"}): "call_hold_control",
    frozenset({"status", "leg_ids", "file_link", "employee_phone_number"}): "talk_record_control",
    frozenset({"sip_line_id", "sip_line_login"}): "sip_line_unregister",
}
_DISTINCTIVE = frozenset().union(*_SHAPES) | {"tag_id", "tag_name"}
_IN_CALL_SESSION = frozenset({"virtual_phone_number", "scenario_name", "communication_number"})
_NOT_IN_CALL_SESSION = frozenset({"employee_id", "direction", "call_source"})


def event_by_shape(names: Collection[str]) -> str | None:
    """Return the event whose default template has these fields; None if there is none, or more than one.

    :param names: of all fields, including those that are null; nested ones without their group
    """
    distinctive = _DISTINCTIVE.intersection(names)
    if distinctive:
        return _SHAPES.get(distinctive)
    if _IN_CALL_SESSION.issubset(names) and not _NOT_IN_CALL_SESSION.intersection(names):
        return "in_call_session"
    return None

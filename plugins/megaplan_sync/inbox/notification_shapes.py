"""Tells which event a notification is about when it does not say so: by the fields of the default templates.

None of the vendor's default templates has ``notification_mnemonic``, and ``notification_name`` is a text of the
customer's choice. Some templates are alike: call_proceeding, call_connected, call_disconnected, in_call and out_call
have the same fields, and so have set_mark and unset_mark. Those need the macro in the template, or ``?event=`` in
the address.
"""

from collections.abc import Collection

# fields that only some default templates have → the event; a body is recognised by exactly these
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
_TELLING = frozenset().union(*_SHAPES) | {"tag_id", "tag_name"}
_IN_CALL_SESSION = frozenset({"virtual_phone_number", "scenario_name", "communication_number"})
_NOT_IN_CALL_SESSION = frozenset({"employee_id", "direction", "call_source"})


def event_by_shape(names: Collection[str]) -> str | None:
    """Return the event whose default template has these fields; None if several have, or none.

    :param names: of all fields, those with null included, nested ones without their group
    """
    telling = _TELLING.intersection(names)
    if telling:
        return _SHAPES.get(telling)
    if _IN_CALL_SESSION.issubset(names) and not _NOT_IN_CALL_SESSION.intersection(names):
        return "in_call_session"
    return None

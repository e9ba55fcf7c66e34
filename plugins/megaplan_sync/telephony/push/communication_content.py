"""What the communication of a call should say, what one in Megaplan says, and whether a person has touched it.

Free of I/O. The outbox keeps what may stand in Megaplan: one content, or several while an outcome is unknown.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from megaplan_hook.date_times import datetime_or_none
from megaplan_hook.settings import AccountSettings
from megaplan_sync.telephony.push import communication_text as text
from megaplan_sync.telephony.push.call_info import call_type
from megaplan_sync.telephony.push.delivery import Delivery
from megaplan_sync.telephony.push.todo_times import end_of

Content = dict[str, Any]
"""``name``, ``description`` (without marker and start), ``responsible``, ``from``, ``to``, ``call``, ``phone``, and
``status``: planned or done."""
_SETTINGS = {
    "in": "communication_incoming_answered",
    "miss": "communication_incoming_missed",
    "out": "communication_outgoing_answered",
    "fail": "communication_outgoing_unanswered",
}
_NAMED_BY_MEGAPLAN: Final = frozenset({"name", "responsible", "from", "to"})
"""Megaplan rewrites these fields of a communication of its own when the call changes."""


def wanted_communication(call: Delivery, settings: AccountSettings) -> Content | None:
    """Return what the communication of a call should say; None if the settings ask for none."""
    setting = _SETTINGS.get(call_type(call) or "")
    status = "none" if setting is None or call.is_internal else getattr(settings, setting)
    if status == "none":
        return None
    began = call.started_at
    return {
        "name": text.title(call),
        "description": text.result(call),
        "responsible": None if call.employee_id is None else str(call.employee_id),
        "from": began and _text_of(began),
        "to": began and _text_of(end_of(began, settings.communication_minutes)),
        "status": status,
        "call": call.call_info_id,
        "phone": call.contact_phone,
    }


def content_of(todo: Mapping[str, Any], *, is_scheduled: bool) -> Content:
    """Return what a communication in Megaplan says; a field that its card lacks is left out."""
    found: Content = {"status": "planned" if is_scheduled else "done"}
    if "name" in todo:
        found["name"] = todo["name"]
    if "description" in todo:
        found["description"] = _result_in(todo["description"])
    if "responsible" in todo:
        found["responsible"] = todo["responsible"] and str(todo["responsible"]["id"])
    if "when" in todo:
        interval = todo["when"] or {}
        found |= {name: _moment(interval.get(name)) for name in ("from", "to")}
    return found


def differing(wanted: Content, found: Content) -> set[str]:
    """Return the fields of a communication that are not as wanted, as far as they are known."""
    return {name for name, value in found.items() if wanted.get(name) != value}


def touched_fields(
    found: Content, contents: Iterable[Content], *, is_omitting: bool, is_megaplans_own: bool
) -> list[str]:
    """Return the fields that are as neither we nor Megaplan have written them: a person has changed them.

    :param contents: what we have written or may have written, and what is wanted
    :param is_omitting: the account accepts no times
    :param is_megaplans_own: Megaplan has created the communication, and changes it with the call
    """
    known = list(contents)
    left_out = _NAMED_BY_MEGAPLAN if is_megaplans_own else frozenset[str]()
    if is_omitting:
        left_out |= {"from", "to"}
    return [
        name
        for name, value in found.items()
        if name not in left_out and all(content.get(name) != value for content in known)
    ]


def _result_in(description: str | None) -> str | None:
    """Return the description without markup, the start time and the marker, to compare it."""
    lines = [html.unescape(line).strip() for line in re.split(r"<br\s*/?>|\n", description or "")]
    lines = [re.sub(r"<[^>]+>", "", line) for line in lines]
    kept = [line for line in lines if line and not text.is_technical(line)]
    return " ".join(kept) or None


def _moment(value: Any) -> str | None:
    moment = datetime_or_none(value)
    return None if moment is None else _text_of(moment)


def _text_of(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0).isoformat()

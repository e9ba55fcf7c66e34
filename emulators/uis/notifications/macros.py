"""Values of the macros for one event of one call."""

from typing import Any

from ..cabinet.directory import Directory
from ..cabinet.employees import Employee
from ..calls.session import Leg, Recording, Session
from ..knobs import Knobs
from ..wall_time import WallTime
from .events import WITHOUT_VALUE


def call_values(
    session: Session, at: float, extra: dict[str, Any], directory: Directory, wall: WallTime, knobs: Knobs
) -> dict[str, Any]:
    """Return the values, whether or not the event knows them.

    :param extra: ``leg``, ``legs``, ``employee``, ``talk`` (seconds), ``recording`` with ``link``, ``tag``,
        ``status``: what this very event is about.
    """
    leg: Leg | None = extra.get("leg")
    contact = session.contact
    return {
        **dict.fromkeys((*WITHOUT_VALUE, "group_ids")),
        "app_id": directory.app_id,
        "call_session_id": session.id,
        "communication_id": session.id,
        "communication_type": "call",
        "communication_number": session.communication_number,
        "virtual_phone_number": session.virtual_number,
        "contact_phone_number": session.contact_phone,
        "contact_id": contact.id if contact else None,
        "contact_full_name": contact.full_name if contact else None,
        "direction": session.direction,
        "call_source": session.source,
        "external_id": session.external_id,
        "scenario_id": session.scenario.id if session.scenario else None,
        "scenario_name": session.scenario.name if session.scenario else None,
        "is_internal": session.is_internal,
        "is_transfer": session.is_transfer,
        "is_lost": session.is_lost,
        "call_status": "lost" if session.is_lost else "received",
        "lost_reason": session.finish_reason if session.is_lost else None,
        "attributes": "_" + "_".join(attributes(session)) + "_",
        "start_time": wall.text(session.started),
        "finish_time": wall.text(session.finished),
        "finish_time_localized": wall.text(session.finished),
        "talk_time_duration": extra.get("talk", session.clean_talk_seconds(at)),
        "total_time_duration": session.total_seconds(at),
        "wait_time_duration": session.wait_seconds(at),
        "tag_ids": [tag.id for tag, _, _ in session.tags] or None,
        "tag_names": [tag.name for tag, _, _ in session.tags] or None,
        "status": extra.get("status"),
        **_employee(_whose(session, leg, extra, knobs), leg),
        **_people(session),
        **_legs(session, leg, extra),
        **_recording(extra),
        **_tag(extra),
    }


def attributes(session: Session) -> list[str]:
    """Return the attributes of a communication: an array in reports, joined by underscores in notifications."""
    return [
        "first" if session.communication_number == 1 else "through",
        "lost" if session.is_lost else "target",
    ]


def _whose(session: Session, leg: Leg | None, extra: dict[str, Any], knobs: Knobs) -> Employee | None:
    if leg is not None and (leg.is_operator or not knobs.contact_leg_employee):
        return leg.employee
    return extra.get("employee", session.employee)


def _employee(employee: Employee | None, leg: Leg | None) -> dict[str, Any]:
    if employee is None:
        return {}
    phone = leg.phone if leg is not None and leg.phone else None
    return {
        "employee_id": employee.id,
        "employee_full_name": employee.full_name,
        "employee_phone_number": phone or (employee.phones[0].number if employee.phones else None),
        "extension_phone_number": employee.extension,
        "employee_email": employee.email,
    }


def _people(session: Session) -> dict[str, Any]:
    found: dict[str, Any] = {"employee_ids": [employee.id for employee in session.took_part()] or None}
    for word, employees in (("talked", session.talked()), ("answered", session.answered())):
        for order, index in (("first", 0), ("last", -1)):
            one = employees[index] if employees else None
            found[f"{order}_{word}_employee_id"] = one.id if one else None
            found[f"{order}_{word}_employee_full_name"] = one.full_name if one else None
    return found


def _legs(session: Session, leg: Leg | None, extra: dict[str, Any]) -> dict[str, Any]:
    legs = extra.get("legs") or session.legs
    found: dict[str, Any] = {"leg_ids": [one.id for one in legs]}
    if leg is not None:
        found |= {"leg_id": leg.id, "calling_phone_number": leg.calling, "called_phone_number": leg.called}
    return found


def _recording(extra: dict[str, Any]) -> dict[str, Any]:
    recording: Recording | None = extra.get("recording")
    if recording is None:
        return {}
    return {"file_link": extra["link"], "file_duration": recording.duration}


def _tag(extra: dict[str, Any]) -> dict[str, Any]:
    tag = extra.get("tag")
    return {"tag_id": tag.id, "tag_name": tag.name} if tag is not None else {}

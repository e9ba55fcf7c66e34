"""Bodies of ``/callInfo`` for pop-ups. Free of I/O."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from megaplan_hook.date_times import DateTimeFormat, datetime_for_write
from megaplan_hook.links import Link
from megaplan_sync.telephony.calls.call import Call
from megaplan_sync.telephony.live.cards import WantedCard
from megaplan_sync.telephony.push.call_info import call_info, call_type, payload_hash
from megaplan_sync.telephony.push.delivery import Delivery


def opening_body(
    wanted: WantedCard, call: Call, *, client: Link | None, datetime_format: DateTimeFormat
) -> dict[str, Any]:
    """Return a new call object: ``from`` is the caller, ``to`` the called party.

    :param client: whose number it is; if None, Megaplan searches by the number
    """
    ours, theirs = _sides(wanted)
    body: dict[str, Any] = {
        "providerId": wanted.provider_id,
        **changing_body(wanted),
        f"{theirs}Phone": call.contact_phone,
        f"{ours}Phone": call.virtual_phone,
        f"{theirs}User": client,
        "timeFrom": datetime_for_write(call.started_at, datetime_format),
    }
    return {name: value for name, value in body.items() if value is not None}


def changing_body(wanted: WantedCard) -> dict[str, Any]:
    """Return the changes to a call object; never the client, as somebody may have changed it in Megaplan."""
    ours, _ = _sides(wanted)
    return {
        "type": wanted.kind,
        "state": wanted.phase,
        f"{ours}User": Link(contentType="Employee", id=str(wanted.employee_id)),
    }


def finishing_body(
    wanted: WantedCard, call: Call, at: datetime, datetime_format: DateTimeFormat
) -> dict[str, Any]:
    """Return the end of a call object: for the record all that the batch lane sends, for companions the time."""
    delivery = delivery_of(wanted, call)
    if delivery is not None:
        return call_info(delivery, datetime_format=datetime_format)
    return {**changing_body(wanted), "timeTo": datetime_for_write(call.finished_at or at, datetime_format)}


def bare_end(wanted: WantedCard, call: Call, at: datetime, datetime_format: DateTimeFormat) -> dict[str, Any]:
    """Return only the end of a call object, for the case that Megaplan refuses the rest."""
    return {
        "type": wanted.kind,
        "state": wanted.phase,
        "timeTo": datetime_for_write(call.finished_at or at, datetime_format),
    }


def finishing_hash(
    wanted: WantedCard, call: Call, call_info_id: str, datetime_format: DateTimeFormat
) -> str | None:
    """Return the hash by which the batch lane sees that nothing is left to send; None if something is."""
    delivery = delivery_of(wanted, call)
    if delivery is None:
        return None
    return payload_hash({**call_info(delivery, datetime_format=datetime_format), "id": call_info_id})


def delivery_of(wanted: WantedCard, call: Call) -> Delivery | None:
    """Return the call as the batch lane sees it; None if it is not delivered, or not yet."""
    if wanted.is_companion or wanted.phase != "finished" or not call.is_finished or call.is_internal:
        return None
    delivery = Delivery(
        call_session_id=call.call_session_id,
        direction=call.direction,
        outcome=call.outcome,
        is_internal=call.is_internal,
        contact_phone=call.contact_phone,
        virtual_phone=call.virtual_phone,
        uis_employee_id=call.uis_employee_id,
        employee_id=wanted.employee_id,
        started_at=call.started_at,
        finished_at=call.finished_at,
        talk_seconds=call.talk_seconds,
        records=[],
        expects_record=call.expects_record,
        call_changed_at=call.started_at,
    )
    return delivery if call_type(delivery) is not None else None


def _sides(wanted: WantedCard) -> tuple[str, str]:
    """Return our side and the client's side of the call."""
    return ("from", "to") if wanted.kind in ("out", "fail") else ("to", "from")

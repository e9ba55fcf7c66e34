"""What Megaplan is told of a finished call: a ``CallInfo``. Free of I/O."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from megaplan_hook.entities import DateTimeFormat, datetime_for_write
from megaplan_hook.links import Link
from megaplan_sync.telephony.push.delivery import Delivery

_TYPES = {
    ("in", "answered"): "in",
    ("in", "missed"): "miss",
    ("out", "answered"): "out",
    ("out", "unanswered"): "fail",
}


def call_type(delivery: Delivery) -> str | None:
    """Return Megaplan's ``type``: in, miss (missed incoming), out, fail (failed outgoing); None when not known."""
    return type_of(delivery.direction, delivery.outcome)


def type_of(direction: str | None, outcome: str | None) -> str | None:
    """Return the same of a call of which only this is at hand."""
    return _TYPES.get((direction or "", outcome or ""))


def call_info(
    delivery: Delivery, *, client: Link | None = None, datetime_format: DateTimeFormat = "iso_offset"
) -> dict[str, Any]:
    """Return the finished call: A is who rings, B who is called.

    :param client: whose number it is; without one Megaplan searches by the number itself.
    :raises ValueError: the call is of no kind that Megaplan knows.
    """
    kind = call_type(delivery)
    if kind is None:
        raise ValueError(
            f"a call {delivery.direction} that was {delivery.outcome} cannot be told to Megaplan"
        )
    employee = employee_link(delivery)
    ours, theirs = ("from", "to") if kind in ("out", "fail") else ("to", "from")
    told: dict[str, Any] = {
        "providerId": delivery.provider_id,
        "type": kind,
        "state": "finished",
        f"{theirs}Phone": delivery.contact_phone,
        f"{ours}Phone": delivery.virtual_phone,
        f"{theirs}User": client,
        f"{ours}User": employee,
        "timeFrom": delivery.started_at and datetime_for_write(delivery.started_at, datetime_format),
        "timeTo": delivery.finished_at and datetime_for_write(delivery.finished_at, datetime_format),
    }
    # an update by null would take away what Megaplan knows better
    return {name: value for name, value in told.items() if value is not None}


def employee_link(delivery: Delivery) -> Link | None:
    """Return the link to Megaplan's employee of the call."""
    if delivery.employee_id is None:
        return None
    return Link(contentType="Employee", id=str(delivery.employee_id))


def told_hash(told: dict[str, Any]) -> str:
    """Return what differs when Megaplan is to be told anew; who the client is may change by itself."""
    own = {name: value for name, value in told.items() if not _is_client(value)}
    return hashlib.sha256(orjson.dumps(own, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _is_client(value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("contentType", "")).startswith("Contractor")

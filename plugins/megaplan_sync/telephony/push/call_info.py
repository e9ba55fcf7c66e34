"""The ``CallInfo`` of a finished call. Free of I/O."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson

from megaplan_hook.date_times import DateTimeFormat, datetime_for_write, datetime_or_none
from megaplan_hook.links import Link
from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.phones import phone_digits
from megaplan_sync.telephony.push.delivery import Delivery

_TYPES = {
    ("in", "answered"): "in",
    ("in", "missed"): "miss",
    ("out", "answered"): "out",
    ("out", "unanswered"): "fail",
}


def call_type(delivery: Delivery) -> str | None:
    """Return Megaplan's ``type``: in, miss (missed incoming), out, fail (failed outgoing); None if there is none."""
    return type_of(delivery.direction, delivery.outcome)


def type_of(direction: str | None, outcome: str | None) -> str | None:
    """Return Megaplan's ``type`` of a call with this direction and outcome."""
    return _TYPES.get((direction or "", outcome or ""))


def call_info(
    delivery: Delivery, *, client: Link | None = None, datetime_format: DateTimeFormat = "iso_offset"
) -> dict[str, Any]:
    """Return the finished call: ``from`` is the caller, ``to`` the called party.

    :param client: whose number it is; if None, Megaplan searches by the number
    :raises ValueError: Megaplan has no type for such a call
    """
    kind = call_type(delivery)
    if kind is None:
        raise ValueError(
            f"Megaplan has no call type for direction {delivery.direction} and outcome {delivery.outcome}"
        )
    employee = employee_link(delivery)
    ours, theirs = ("from", "to") if kind in ("out", "fail") else ("to", "from")
    body: dict[str, Any] = {
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
    # a null in an update would erase what Megaplan knows
    return {name: value for name, value in body.items() if value is not None}


def employee_link(delivery: Delivery) -> Link | None:
    """Return the link to the Megaplan employee of the call."""
    if delivery.employee_id is None:
        return None
    return Link(contentType="Employee", id=str(delivery.employee_id))


def call_hash(delivery: Delivery, settings: AccountSettings) -> str | None:
    """Return a hash of what Megaplan should have of a call; None if it has no type for it."""
    if call_type(delivery) is None:
        return None
    return payload_hash(call_info(delivery, datetime_format=settings.vendor_quirks.datetime_write_format))


def sent_hash(delivery: Delivery, settings: AccountSettings) -> str:
    """Return the hash of a call as it is sent, with Megaplan's id if it has one; the client need not be looked up."""
    body = call_info(delivery, datetime_format=settings.vendor_quirks.datetime_write_format)
    return payload_hash(body if delivery.call_info_id is None else {**body, "id": delivery.call_info_id})


def differences(body: Mapping[str, Any], card: Mapping[str, Any]) -> list[str]:
    """Return the fields of a call that Megaplan has otherwise than they are sent.

    A field that a card lacks is unknown. The client is left out, as somebody may have corrected it in Megaplan, and
    so is the id.

    :param card: a ``CallInfo`` as Megaplan returns it
    """
    return [
        name
        for name, value in body.items()
        if name != "id" and name in card and not _is_client(value) and _plain(value) != _plain(card[name])
    ]


def _plain(value: Any) -> Any:
    """Return a value in a form that does not depend on how Megaplan prints it."""
    if isinstance(value, Mapping) and value.get("contentType") == "DateTime":
        moment = datetime_or_none(value)
        return moment and moment.replace(microsecond=0)
    if isinstance(value, Mapping):
        return str(value.get("contentType")), str(value.get("id"))
    return phone_digits(value).removeprefix("+") if isinstance(value, str) else value


def payload_hash(body: dict[str, Any]) -> str:
    """Return a hash of a call that changes when Megaplan has to be updated; the client is not part of it."""
    own = {name: value for name, value in body.items() if not _is_client(value)}
    return hashlib.sha256(orjson.dumps(own, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]


def _is_client(value: Any) -> bool:
    return isinstance(value, dict) and str(value.get("contentType", "")).startswith("Contractor")

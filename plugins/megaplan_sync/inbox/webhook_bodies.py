"""Parses Megaplan's webhooks. Free of I/O; never fails.

Two senders share a URL. An application's event stream posts ``{"uuid", "model", "event", "data", "accountInfo"}``
repeatedly until it is accepted. A scenario of a deal program posts ``{"data": {"deal": {"Id": 77, …}}}`` once, in
the format of the old API, without an event id or the account. Only the id of the entity is used, and its data is
read from Megaplan, since the webhook may be truncated and is not signed.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from megaplan_sync.kernel.values import identifier
from megaplan_vendor_kit.responses import decoded, read_json

SCENARIO = "scenario"
"""``event`` of a scenario's request."""
DROPPED = "on_after_drop"

_NAME = re.compile(r"[A-Za-z]\w{0,63}")
_TEXTS = {
    name: re.compile(rf'"{name}"\s*:\s*"([^"\\]*)"') for name in ("uuid", "model", "event", "accountId")
}
# among the entity's own keys, before anything that is embedded
_IN_DATA = {
    name: re.compile(rf'"data"\s*:\s*\{{[^{{}}\[\]]*?"{name}"\s*:\s*"?(\w+)')
    for name in ("contentType", "id")
}
_LONGEST_UUID = 100
_LONGEST_ACCOUNT = 255


@dataclass(frozen=True)
class Webhook:
    """A parsed webhook.

    :param dedupe_key: equal for repeated deliveries of an event: its uuid, otherwise the body's hash and the second
    :param model: ``Deal``, ``ContractorHuman``, …; the concrete content type if the data has it
    :param event: ``on_after_create``, ``on_after_update``, ``on_after_drop``, ``on_enable``, …, or ``scenario``
    :param id: of the entity; None if the data has none
    :param account_names: names of the account; empty for a scenario's request
    :param broken: why it cannot be used; None if it can
    """

    dedupe_key: str
    model: str | None = None
    event: str | None = None
    id: int | None = None
    uuid: str | None = None
    account_names: tuple[str, ...] = ()
    broken: str | None = None

    @property
    def mnemonic(self) -> str | None:
        """Model and event, such as ``Deal.on_after_update``."""
        return f"{self.model}.{self.event}" if self.model else None

    @property
    def values(self) -> dict[str, Any] | None:
        """What is stored besides the body; contains no personal data."""
        names = ("model", "event", "id", "uuid")
        return None if self.broken else {name: getattr(self, name) for name in names}


def read_webhook(body: bytes, received_at: datetime | None = None) -> Webhook:
    """Parse the body of a webhook.

    A body that is no JSON, or only the beginning of one, still names its event and entity in most cases.

    :param received_at: timezone-aware; default is now
    """
    digest = hashlib.sha256(body).hexdigest()
    second = (received_at or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    without_uuid = f"{digest}@{second}"
    sent = _parsed(body)
    if sent is None:
        sent = _found_in(decoded(body))
        if not sent:
            return Webhook(digest, broken="the body is not JSON, and names no event")
    if not isinstance(sent, dict):
        return Webhook(digest, broken="the body is not a JSON object")
    data = sent.get("data")
    if not isinstance(data, dict):
        if "model" not in sent:
            return Webhook(digest, broken="it has no object 'data' with the entity")
        data = {}  # accept an event without data, or Megaplan would hold back all others
    if "model" not in sent and isinstance(deal := data.get("deal"), dict):
        identity = _id(deal.get("Id", deal.get("id")))
        missing = None if identity is not None else "'data.deal' has no numeric 'Id'"
        return Webhook(without_uuid, "Deal", SCENARIO, identity, broken=missing)
    model, event = _name(data.get("contentType")) or _name(sent.get("model")), _name(sent.get("event"))
    if model is None or event is None:
        return Webhook(
            digest, broken="it is neither an event ('model', 'event', 'data') nor a scenario's ('data.deal')"
        )
    uuid = _text(sent.get("uuid"), _LONGEST_UUID)
    return Webhook(uuid or without_uuid, model, event, _id(data.get("id")), uuid, _account_names(sent))


def _parsed(body: bytes) -> Any:
    """Parse JSON, also with raw control characters in it; None if it is no JSON."""
    try:
        return read_json(body)
    except ValueError:
        pass
    try:
        return json.loads(decoded(body), strict=False)
    except (ValueError, RecursionError):
        return None


def _found_in(text: str) -> dict[str, Any]:
    """Find the fields of an event in a text that cannot be parsed; empty if it names no event."""
    found: dict[str, Any] = {name: match[1] for name in _TEXTS if (match := _TEXTS[name].search(text))}
    if not {"model", "event"} <= found.keys():
        return {}
    found["data"] = {name: match[1] for name in _IN_DATA if (match := _IN_DATA[name].search(text))}
    return found


def _account_names(sent: dict[str, Any]) -> tuple[str, ...]:
    info = sent.get("accountInfo")
    named = [sent.get("accountId"), info.get("accountName") if isinstance(info, dict) else info]
    return tuple(dict.fromkeys(text for name in named if (text := _text(name, _LONGEST_ACCOUNT))))


def _id(value: Any) -> int | None:
    return identifier(value) or None


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and _NAME.fullmatch(value) else None


def _text(value: Any, longest: int) -> str | None:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        return None
    return value.encode("utf-8", "replace").decode().strip()[:longest]

"""Parses UIS's notifications: which event, of which call, at what time. Free of I/O; never fails.

Values have the names of UIS's macros, in whatever groups a template puts them (``call_info``, ``employee_info``, …).
A template is written by the customer, but its keys must be the names of the macros, as in the default templates and
in the recommended one. Times are converted to UTC.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from megaplan_sync.inbox.local_times import call_span, local_moment
from megaplan_sync.inbox.notification_bodies import read_body
from megaplan_sync.inbox.notification_shapes import event_by_shape
from megaplan_sync.inbox.trial_sends import IS_TEST_SEND, is_test_send

Values = dict[str, Any]

# names in default templates that differ from the macros
_SYNONYMS = {"contact_fullname": "contact_full_name", "communication_id": "call_session_id"}
_NEVER_KEPT = frozenset({"secret"})
_WHICH = ("leg_id", "employee_id", "leg_ids", "tag_id", "file_link", "status")
_OF_OTHER_THINGS = frozenset({"sip_line_id", "chat_id", "offline_message_id", "event_log_id"})
# json.dumps would make a new one each time
_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
_MNEMONIC = re.compile(r"[a-z][a-z0-9_]{1,63}")
_LONGEST_KEY = 300
_BIGGEST_ID = 2**63 - 1
LONGEST_SECONDS = 31 * 86_400
"""No call takes longer; a greater value is a mistake, and might not fit into a column or a date."""
_FUTURE = timedelta(days=1)
"""Clocks may differ, and the time zone of the connection may be wrong, but not by more than this."""
_EARLIEST_TIMESTAMP, _LATEST_TIMESTAMP = 31_536_000, 7_000_000_000
"""Of 1971 and 2191; others are not in seconds."""


@dataclass(frozen=True)
class Notification:
    """A parsed message.

    :param dedupe_key: equal for repeated deliveries of an event: the event (or the name of the notification, if the
        event is unknown), the call, its leg and employee, the time, and the names of the fields, so that a second
        template for the same event is not a repetition. If the body cannot be parsed, its hash.
    :param mnemonic: the event; None if the body does not name it
    :param call_session_id: None if it does not concern a call, or is broken
    :param occurred_at: ``notification_time`` in UTC
    :param values: by name of macro; None if the body could not be parsed
    :param broken: why it cannot be used
    :param repaired: what had to be repaired, as a sentence
    """

    dedupe_key: str
    mnemonic: str | None = None
    call_session_id: int | None = None
    occurred_at: datetime | None = None
    values: Values | None = None
    broken: str | None = None
    repaired: str | None = None


def read_notification(
    body: bytes,
    content_type: str | None,
    query: str | None = None,
    *,
    zone: ZoneInfo,
    received_at: datetime | None = None,
) -> Notification:
    """Parse a notification; for a GET, the query string is the body.

    The event is ``notification_mnemonic``, or else ``event`` of the query, or else the one whose default template has
    these fields.

    What the cabinet sends to try the address is of no call, and has :data:`IS_TEST_SEND` in its values.

    :param zone: the account's time zone, in which UIS writes times
    :param received_at: when it was received, timezone-aware
    """
    read = read_body(body, content_type, query)
    values = flat(read.values) if read.values is not None else None
    mnemonic = _mnemonic(values, query)
    repaired = "; ".join(read.repaired) or None
    if values is None:
        return Notification(_hash(body, query), mnemonic, broken=read.broken, repaired=repaired)
    exact = _timestamp(values)
    local = local_moment(values.get("notification_time"), zone, exact or received_at)
    occurred_at = _occurred_at(exact, local)
    if received_at is not None and occurred_at is not None and occurred_at > received_at + _FUTURE:
        occurred_at = None
    if is_test_send(values, local=local, exact=exact, received_at=received_at):
        key = _key(mnemonic, whole_number(values.get("call_session_id")), values) or _hash(body, query)
        values[IS_TEST_SEND] = True
        return Notification(key, mnemonic, None, occurred_at, values, None, repaired)
    lengths = ("total_time_duration", "talk_time_duration", "wait_time_duration")
    span = call_span(values, zone, call_length(*map(values.get, lengths)), occurred_at)
    for name, moment in (("start_time", span.start), ("finish_time", span.finish)):
        if values.get(name) is not None:
            values[name] = moment.isoformat() if moment is not None else None
    is_of_call = _OF_OTHER_THINGS.isdisjoint(values) and values.get("communication_type") in (None, "call")
    session = (whole_number(values.get("call_session_id")) or None) if is_of_call else None
    return Notification(
        _key(mnemonic, session, values) or _hash(body, query),
        mnemonic,
        session,
        occurred_at,
        values,
        _no_call(values) if is_of_call and session is None else None,
        repaired,
    )


def flat(body: Mapping[str, Any]) -> Values:
    """Return the values without their groups; of two with the same name the outer one, unless it is null."""
    found: Values = {}
    groups: list[dict[str, Any]] = []
    for name, value in body.items():
        if isinstance(value, dict):
            groups.append(value)
        elif name not in _NEVER_KEPT:
            _put(found, name, value)
    for group in groups:
        for name, value in flat(group).items():
            _put(found, name, value)
    return found


def whole_number(value: Any) -> int | None:
    """Parse a non-negative integer, also as a string of digits; anything else is None."""
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit() and len(value) < 25:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _BIGGEST_ID
    return value if fits else None


def duration(value: Any) -> int | None:
    """Parse a number of seconds, up to the longest possible call."""
    seconds = whole_number(value)
    return seconds if seconds is not None and seconds <= LONGEST_SECONDS else None


def call_length(total: Any, talk: Any, wait: Any) -> int | None:
    """Return the length of a call; if it is not given, that of its parts, which may leave out a menu."""
    seconds = duration(total)
    parts = [part for part in (duration(talk), duration(wait)) if part is not None]
    return seconds if seconds is not None or not parts else duration(sum(parts))


def _put(found: Values, name: str, value: Any) -> None:
    if found.get(name) is None:
        found[name] = value
    synonym = _SYNONYMS.get(name)
    if synonym is not None and value is not None and found.get(synonym) is None:
        found[synonym] = value


def _mnemonic(values: Values | None, query: str | None) -> str | None:
    of_body = (values or {}).get("notification_mnemonic")
    if isinstance(of_body, str) and _MNEMONIC.fullmatch(of_body):
        return of_body
    in_query = parse_qs(query or "", errors="replace").get("event", [""])[0].strip('"')
    if _MNEMONIC.fullmatch(in_query):
        return in_query
    return event_by_shape(values) if values is not None else None


def _timestamp(values: Values) -> datetime | None:
    seconds = whole_number(values.get("notification_timestamp"))
    if seconds is None or not _EARLIEST_TIMESTAMP <= seconds <= _LATEST_TIMESTAMP:
        return None
    return datetime.fromtimestamp(seconds, UTC)


def _occurred_at(exact: datetime | None, local: datetime | None) -> datetime | None:
    """Return the timestamp, which needs no time zone, with the milliseconds of the local time."""
    if exact is None:
        return local
    # time zones differ by multiples of 15 minutes, so the remainder shows whether both mean the same second
    if local is None or (local.replace(microsecond=0) - exact) % timedelta(minutes=15):
        return exact
    return exact.replace(microsecond=local.microsecond)


def _no_call(values: Values) -> str:
    given = values.get("call_session_id")
    if given is None:
        return "call_session_id is missing: add it to the notification's template"
    return f"call_session_id is {str(given)[:80]!r} instead of a number: see the notification's template"


def _key(mnemonic: str | None, session: int | None, values: Values) -> str | None:
    time = values.get("notification_time") or values.get("notification_timestamp")
    if session is None or time is None:
        return None
    which = [str(values[name]) for name in _WHICH if values.get(name) not in (None, [])]
    name = mnemonic or str(values.get("notification_name"))
    fields = hashlib.sha256("\n".join(sorted(values)).encode()).hexdigest()[:8]
    key = "|".join([str(session), str(time), name, *which, fields])
    return key if len(key) <= _LONGEST_KEY else f"{session}|{_digest([key.encode()])}"


def _hash(body: bytes, query: str | None) -> str:
    return _digest([body] if body.strip() else [(query or "").encode("utf-8", "replace")])


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def json_text(values: Any) -> str:
    """Return values as JSON for a jsonb column; equal values give equal texts."""
    return _ENCODER.encode(values)

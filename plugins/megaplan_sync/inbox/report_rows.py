"""A row of UIS's call report as an event of its call. Free of I/O.

The report is read repeatedly, and equal rows are the same event. ``occurred_at`` of such an event is the time when
the row was read: the version that was read last is valid.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from megaplan_sync.inbox.local_times import call_span
from megaplan_sync.inbox.notification_bodies import read_body
from megaplan_sync.inbox.notifications import Notification, Values, call_length, json_text, whole_number
from uis_hook.recordings import RecordKind, record_url

REPORT_MNEMONIC = "calls_report"
OR_BY_SECONDS = "or_by_seconds"
"""Key of a row whose times are in an hour that the clocks show twice: both may be that much later."""
_KINDS: dict[str, RecordKind] = {"call_records": "talk", "voice_mail_records": "voice_mail"}


def read_report_row(
    body: bytes, *, zone: ZoneInfo, records_url: str | None, read_at: datetime
) -> Notification:
    """Parse a row of ``get.calls_report``, given as JSON.

    ``records`` in the values are its recordings as ``{"url", "kind", "record_id"}``; ``url`` is null without a
    ``records_url``.

    :param zone: the account's time zone, in which UIS writes times
    :param records_url: host of the recordings, from :class:`uis_hook.settings.UisSettings`
    :param read_at: when the report was read
    """
    row = read_body(body, "application/json").values
    hashed = hashlib.sha256(body).hexdigest()
    if row is None:
        return Notification(
            hashed, REPORT_MNEMONIC, occurred_at=read_at, broken="the row is not a JSON object"
        )
    session = whole_number(row.get("id") or row.get("communication_id")) or None
    values: Values = {name: value for name, value in row.items() if name != "id"}
    lengths = ("total_duration", "talk_duration", "wait_duration")
    span = call_span(row, zone, call_length(*map(row.get, lengths)))
    for name, moment in (("start_time", span.start), ("finish_time", span.finish)):
        values[name] = moment.isoformat() if moment is not None else None
    if span.or_by is not None:
        values[OR_BY_SECONDS] = round(span.or_by.total_seconds())
    if session is None:
        broken = f"id is {str(row.get('id'))[:80]!r} instead of the number of a call session"
        return Notification(hashed, REPORT_MNEMONIC, None, read_at, values, broken)
    values["call_session_id"] = session
    values["records"] = _records(row, session, records_url)
    return Notification(f"{session}|{hashed[:32]}", REPORT_MNEMONIC, session, read_at, values)


def row_body(row: Mapping[str, Any]) -> bytes:
    """Return a row as JSON; equal rows give equal bytes."""
    return json_text(row).encode("utf-8", "replace")


def _records(row: Mapping[str, Any], session: int, records_url: str | None) -> list[dict[str, Any]]:
    found = []
    for field, kind in _KINDS.items():
        ids = row.get(field)
        for record_id in ids if isinstance(ids, list) else ():
            try:
                url = record_url(records_url or "", session, str(record_id), kind)
            except ValueError:  # not the id of a recording
                continue
            url_or_none = url if records_url else None
            found.append({"url": url_or_none, "kind": kind, "record_id": str(record_id)})
    whole = row.get("full_record_file_link")
    if not found and isinstance(whole, str) and whole:
        record_id = whole.rstrip("/").rpartition("/")[2] or None
        found.append({"url": whole, "kind": "talk", "record_id": record_id})
    return found

"""The recordings of a call, merged from events and the report. Free of I/O."""

import re
from typing import Literal

from megaplan_sync.inbox.notifications import duration
from megaplan_sync.telephony.calls.call import Record
from megaplan_sync.telephony.calls.known_events import KnownEvents, text_in

_LINK = re.compile(r"/system/media/(?:talk|wav|voice_mail)/\d+/(?P<id>[0-9A-Za-z_-]+)/?$")
_KINDS: dict[str, Literal["talk", "voice_mail"]] = {"talk_record_file": "talk", "voice_message": "voice_mail"}


def call_records(known: KnownEvents) -> tuple[Record, ...]:
    """Return the recordings in the report's order, then those that only events have, oldest first.

    An event's link takes precedence over one built from the report's id, and only events have the length.
    """
    by_event: dict[str, Record] = {}
    for event in known.of(*_KINDS):
        link = text_in(event.values.get("file_link"))
        if link is None:
            continue
        matched = _LINK.search(link)
        record_id = matched["id"] if matched else None
        seconds = duration(event.values.get("file_duration"))
        if seconds is None:
            seconds = duration(event.values.get("call_record_duration"))
        by_event.setdefault(record_id or link, Record(link, _KINDS[event.mnemonic or ""], record_id, seconds))
    found: dict[str, Record] = {}
    for row in (known.report, *(event.values for event in known.reports)):
        for one in row.get("records") or ():
            record = Record(one["url"], one["kind"], one["record_id"], None)
            key = str(record.record_id or record.url)
            found.setdefault(key, by_event.get(key, record))
    return tuple((found | {key: one for key, one in by_event.items() if key not in found}).values())

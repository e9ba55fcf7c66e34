"""Whether the times of a call can be true. Free of I/O.

The derivation already passes over times that do not fit; what is left is a call of which nothing else is known.
"""

from __future__ import annotations

from datetime import timedelta

from megaplan_sync.telephony.push.delivery import Delivery

_CLOCKS_DIFFER = timedelta(hours=1)


def why_implausible(call: Delivery) -> str | None:
    """Return why Megaplan must not be told of a call as it is; None if its times can be true."""
    began, ended = call.started_at, call.finished_at
    if began is None:
        return None
    if began > call.call_changed_at + _CLOCKS_DIFFER:
        return "it begins in the future: compare account_timezone of the UIS connection with the cabinet"
    if ended is not None and ended < began:
        return "its end is before its start"
    if ended == began and call.outcome == "answered":
        return "it was answered and took no time"
    return None

"""The known events of one call, in an order that does not depend on the order of arrival."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from megaplan_sync.inbox.notifications import json_text, whole_number
from megaplan_sync.inbox.report_rows import REPORT_MNEMONIC
from megaplan_sync.telephony.calls.call import CallEvent

# the order of events of the same millisecond
_ORDER = (
    "in_call_session",
    "out_call_session",
    "in_call",
    "out_call",
    "call_proceeding",
    "call_connected",
    "talk_finished",
    "talk_started",
    "call_disconnected",
    "lost_call_session",
    "call_session_finished",
    "talk_record_file",
    "voice_message",
)
_RANK = {mnemonic: rank for rank, mnemonic in enumerate(_ORDER)}
ENDS = ("call_session_finished", "lost_call_session")
_GOING_ON = ("in_call", "out_call", "call_proceeding", "call_connected", "talk_started")
_TOGETHER = timedelta(seconds=2)
"""Events that belong together may be so far apart."""
_AFTERWARDS = ("talk_record_file", "voice_message")
# events of the whole call take precedence over events of a leg
_OF_THE_CALL = (*ENDS, "in_call_session", "out_call_session", *_AFTERWARDS)


class KnownEvents:
    """The distinct events of one call, oldest first, and the decisive report row.

    :raises ValueError: there are no events, or events of several calls
    """

    def __init__(self, events: Iterable[CallEvent]) -> None:
        different = {_content(event): event for event in events}
        if len({(event.account, event.call_session_id) for event in different.values()}) != 1:
            raise ValueError("a call is derived from the events of one call session, at least one")
        ordered = [event for _, event in sorted(different.items(), key=_moment_and_content)]
        self.all = ordered
        self.notifications = [event for event in ordered if event.mnemonic != REPORT_MNEMONIC]
        self.reports = [event for event in ordered if event.mnemonic == REPORT_MNEMONIC]
        finished = [row for row in self.reports if row.values.get("finish_time")]
        newest = (finished or self.reports)[-1:]
        self.report: dict[str, Any] = dict(newest[0].values) if newest else {}
        self.has_final_report = bool(finished)

    def final(self, *names: str) -> Any:
        """Return the first of these values in the report; None unless the report has the end of the call."""
        if not self.has_final_report:
            return None
        return next((self.report[name] for name in names if self.report.get(name) is not None), None)

    def ends(self) -> list[CallEvent]:
        """Return the events that end the call: not the loss of a leg, after which a phone rang or somebody talked."""
        signs = [event.at for event in self.of(*_GOING_ON)]
        return [
            event
            for event in self.of(*ENDS)
            if event.mnemonic != "lost_call_session" or all(sign - event.at <= _TOGETHER for sign in signs)
        ]

    def of(self, *mnemonics: str | None) -> Iterator[CallEvent]:
        """Return the notifications with these mnemonics, oldest first."""
        return (event for event in self.notifications if event.mnemonic in mnemonics)

    def fact(self, name: str, report_name: str | None = None) -> Any:
        """Return a constant of the call: from the report, else from events of the whole call, else of its legs."""
        reported = self.report.get(report_name or name)
        if reported is not None:
            return reported
        return next(self.stated(name), None)

    def stated(self, name: str) -> Iterator[Any]:
        """Yield the values in notifications: first of events of the whole call, then of all, each oldest first."""
        of_the_call = (event for mnemonic in _OF_THE_CALL for event in self.of(mnemonic))
        for event in (*of_the_call, *self.notifications):
            if event.values.get(name) is not None:
                yield event.values[name]

    def last(self, name: str, *mnemonics: str) -> Any:
        """Return the newest value in events with these mnemonics."""
        values = [event.values[name] for event in self.of(*mnemonics) if event.values.get(name) is not None]
        return values[-1] if values else None


def employee_of(event: CallEvent) -> int | None:
    """Return the UIS employee of an event."""
    return whole_number(event.values.get("employee_id")) or None


def moment_in(value: Any) -> datetime | None:
    """Parse a time in ISO 8601 with an offset."""
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def boolean_in(value: Any) -> bool | None:
    """Parse true or false, also as a string: a template may quote its macros."""
    return {"true": True, "false": False}.get(str(value).lower()) if value is not None else None


def text_in(value: Any) -> str | None:
    """Return a string; a number is converted, an empty string is None."""
    return (
        str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None
    )


def _content(event: CallEvent) -> tuple[str, ...]:
    mnemonic = event.mnemonic or ""
    return (
        str(event.account),
        str(event.call_session_id),
        event.at.isoformat(),
        mnemonic,
        json_text(event.values),
    )


def _moment_and_content(item: tuple[tuple[str, ...], CallEvent]) -> tuple[Any, ...]:
    content, event = item
    leg = whole_number(event.values.get("leg_id")) or 0
    return event.at, _RANK.get(event.mnemonic or "", len(_RANK)), leg, content

"""Events and the call derived from them: rows of ``telephony.events`` and ``telephony.calls``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

Direction = Literal["in", "out"]
Outcome = Literal["answered", "missed", "unanswered"]


@dataclass(frozen=True)
class CallEvent:
    """One event of a call: a notification, or a report row (mnemonic ``calls_report``).

    :param mnemonic: None if the notification does not name its event
    :param at: when it happened; for a report row, when it was read
    :param values: by UIS's names, see :mod:`megaplan_sync.inbox.notifications`
    """

    account: str
    call_session_id: int
    mnemonic: str | None
    at: datetime
    values: Mapping[str, Any]


class Record(NamedTuple):
    """A recording. ``url`` is None if only the report has it and ``records_url`` is not configured."""

    url: str | None
    kind: Literal["talk", "voice_mail"]
    record_id: str | None
    seconds: int | None


@dataclass(frozen=True)
class Call:
    """The known state of a call; the fields are the columns of ``telephony.calls``, documented there."""

    account: str
    call_session_id: int
    direction: Direction | None
    outcome: Outcome | None
    is_finished: bool
    is_internal: bool
    contact_phone: str | None
    virtual_phone: str | None
    uis_employee_id: int | None
    rung_employees: tuple[int, ...]
    talked_employees: tuple[int, ...]
    external_id: str | None
    call_source: str | None
    finish_reason: str | None
    started_at: datetime
    answered_at: datetime | None
    finished_at: datetime | None
    talk_seconds: int | None
    wait_seconds: int | None
    total_seconds: int | None
    records: tuple[Record, ...]
    expects_record: bool | None
    event_count: int
    first_event_at: datetime | None
    last_event_at: datetime | None

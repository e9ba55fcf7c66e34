"""Derives a call from its events: a pure function that ignores their order and repetitions.

The rules are documented in ``docs/telephony-calls.md`` and shown by the traces in
``tests/unit/megaplan_sync/telephony/calls/traces``.
"""

from collections.abc import Iterable

from megaplan_sync.inbox.notifications import whole_number
from megaplan_sync.kernel.phones import phone_digits
from megaplan_sync.kernel.values import visible_text
from megaplan_sync.telephony.calls.call import Call, CallEvent, Direction, Outcome, Record
from megaplan_sync.telephony.calls.call_employees import rung_employees, talked_employees, whose_call
from megaplan_sync.telephony.calls.call_recordings import call_records
from megaplan_sync.telephony.calls.call_times import call_times
from megaplan_sync.telephony.calls.known_events import KnownEvents, boolean_in, employee_of, text_in
from megaplan_sync.telephony.people.internal_numbers import internal_number

_LONGEST_PHONE = 100
_LONGEST_EXTENSION = 5  # digits, according to the vendor's documentation of employees


def derive_call(events: Iterable[CallEvent], region: str = "RU") -> Call:
    """Return the call of the given events, some of which may be missing.

    A call is finished by ``call_session_finished``, ``lost_call_session`` or a report row with its end. A report row
    takes precedence over all notifications.

    :param region: country of phone numbers without a country code, the setting ``default_phone_region``
    :raises ValueError: there are no events, or events of several calls
    """
    known = KnownEvents(events)
    first = known.all[0]
    direction = _direction(known)
    is_finished = known.has_final_report or bool(known.ends())
    outcome = _outcome(known, direction) if is_finished else None
    times = call_times(known, outcome, is_finished)
    if outcome == "answered" and times.finished_at == times.started_at:
        outcome = None  # nobody talks in no time
        times = call_times(known, outcome, is_finished)
    records = call_records(known)
    moments = [event.at for event in known.notifications]
    return Call(
        account=first.account,
        call_session_id=first.call_session_id,
        direction=direction,
        outcome=outcome,
        is_finished=is_finished,
        is_internal=_is_internal(known),
        contact_phone=_phone(known, "contact_phone_number", region),
        virtual_phone=_phone(known, "virtual_phone_number", region),
        uis_employee_id=whose_call(known, outcome),
        rung_employees=rung_employees(known),
        talked_employees=talked_employees(known, outcome),
        external_id=text_in(known.fact("external_id", "call_api_external_id")),
        call_source=text_in(known.fact("call_source", "source")),
        finish_reason=text_in(known.fact("finish_reason")),
        **times._asdict(),
        records=records,
        expects_record=_expects_record(outcome, records),
        event_count=len(known.all),
        first_event_at=min(moments, default=None),
        last_event_at=max(moments, default=None),
    )


def _phone(known: KnownEvents, name: str, region: str) -> str | None:
    """Return a number. What is none comes from a stranger, and goes to Megaplan as a person would see it."""
    told = text_in(known.fact(name))
    if told is None:
        return None
    digits = phone_digits(told, region)
    return digits if digits != told else visible_text(told, _LONGEST_PHONE) or None


def _direction(known: KnownEvents) -> Direction | None:
    stated = known.fact("direction")
    if stated == "in" or (stated != "out" and any(known.of("in_call_session"))):
        return "in"
    if stated == "out" or any(known.of("out_call_session")):
        return "out"
    return None


def _outcome(known: KnownEvents, direction: Direction | None) -> Outcome | None:
    """Return the outcome; None if it is unknown, or depends on an unknown direction."""
    is_lost = _is_lost(known)
    if is_lost is None or (is_lost and direction is None):
        return None
    if not is_lost:
        return "answered"
    return "missed" if direction == "in" else "unanswered"


def _is_lost(known: KnownEvents) -> bool | None:
    reported = boolean_in(known.final("is_lost"))
    if reported is not None:
        return reported
    stated = boolean_in(known.last("is_lost", "call_session_finished", "talk_record_file", "voice_message"))
    if stated is not None:
        return stated
    if any(employee_of(event) for event in known.of("talk_started", "talk_finished")):
        return False
    if known.ends() and known.ends()[-1].mnemonic == "lost_call_session":
        return True
    seconds = whole_number(known.last("talk_time_duration", "call_session_finished"))
    if seconds or any(known.of("talk_started", "talk_finished", "talk_record_file")):
        return False
    return True if seconds == 0 else None


def _is_internal(known: KnownEvents) -> bool:
    """Return UIS's ``is_internal``; if no event has it, whether the contact's number can only be an internal one."""
    stated = {boolean_in(event.values.get("is_internal")) for event in known.all}
    if stated & {True, False}:
        return True in stated
    number = internal_number(known.fact("contact_phone_number"))
    is_extension = number is not None and len(number) <= _LONGEST_EXTENSION
    return is_extension and known.fact("virtual_phone_number") is None


def _expects_record(outcome: Outcome | None, records: tuple[Record, ...]) -> bool | None:
    if records:
        return True
    return False if outcome in ("missed", "unanswered") else None

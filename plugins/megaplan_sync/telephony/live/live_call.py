"""The live state of a call: whose phones ring, and who talks. Free of I/O; ignores order and repetitions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from megaplan_sync.inbox.notifications import whole_number
from megaplan_sync.telephony.calls.call import Call, CallEvent
from megaplan_sync.telephony.calls.call_derivation import derive_call
from megaplan_sync.telephony.calls.call_times import talk_starts
from megaplan_sync.telephony.calls.known_events import KnownEvents, employee_of

_RINGS = ("call_proceeding", "call_connected", "out_call_session", None)
"""Events of participants; None is a leg event of the vendor's default templates, which do not name the event."""


@dataclass(frozen=True)
class Participant:
    """A participating UIS employee, and since when."""

    uis_employee_id: int
    since: datetime


@dataclass(frozen=True)
class LiveCall:
    """A call in progress, or just finished.

    :param call: as derived from all its events
    :param ringing: employees whose phones ring, or who have picked up for an outgoing call and do not talk yet, in
        order; once somebody talks, only those whose phones began to ring after that
    :param talking: the employee whose talk began last and who has not hung up; for an incoming call without a talk,
        the one who has picked up
    """

    call: Call
    ringing: tuple[Participant, ...]
    talking: Participant | None


def live_call(events: Iterable[CallEvent], region: str = "RU") -> LiveCall:
    """Return the live state of the call of these events.

    :param region: country of phone numbers without a country code

    :raises ValueError: there are no events, or events of several calls
    """
    events = list(events)
    known = KnownEvents(events)
    call = derive_call(events, region)
    talking = _talking(known)
    if talking is None and call.direction == "in" and call.call_source != "callapi":
        talking = _picked_up(known)
    return LiveCall(call, tuple(_ringing(known, talking)), talking)


def _talking(known: KnownEvents) -> Participant | None:
    """Return whose talk began last; after a consultation, the call returns to the one who talked before."""
    talks = [Participant(start.employee_id, start.at) for start in talk_starts(known) if start.employee_id]
    present = [talk for talk in talks if not _has_left(known, talk)]
    return next(iter((present or talks)[-1:]), None)


def _has_left(known: KnownEvents, talk: Participant) -> bool:
    """Return whether an employee has hung up since; another phone of theirs that stops ringing does not count."""
    legs: dict[tuple[int, int], datetime] = {}
    hung_up = False
    for event in known.of(*_RINGS, "call_disconnected"):
        if employee_of(event) != talk.uis_employee_id:
            continue
        leg = whole_number(event.values.get("leg_id")) or 0
        if event.mnemonic == "call_disconnected":
            _hang_up(legs, talk.uis_employee_id, leg)
            hung_up = hung_up or event.at > talk.since
        elif leg or not legs:
            legs[talk.uis_employee_id, leg] = event.at
    return hung_up and not legs


def _picked_up(known: KnownEvents) -> Participant | None:
    """Return the first who picked up and has not hung up: the event of the talk may come later, or never."""
    legs: dict[tuple[int, int], datetime] = {}
    for event in known.of("call_connected", "call_disconnected"):
        employee, leg = employee_of(event), whole_number(event.values.get("leg_id")) or 0
        if employee is None:
            continue
        if event.mnemonic == "call_connected":
            legs.setdefault((employee, leg), event.at)
        else:
            _hang_up(legs, employee, leg)
    first = min(legs, key=lambda key: (legs[key], key), default=None)
    return None if first is None else Participant(first[0], legs[first])


def _ringing(known: KnownEvents, talking: Participant | None) -> list[Participant]:
    legs: dict[tuple[int, int], datetime] = {}
    for event in known.notifications:
        employee, leg = employee_of(event), whole_number(event.values.get("leg_id")) or 0
        if employee is None:
            continue
        if event.mnemonic in _RINGS:
            legs.setdefault((employee, leg), event.at)
        elif event.mnemonic == "call_disconnected":
            _hang_up(legs, employee, leg)
    since: dict[int, datetime] = {}
    for (employee, _), at in legs.items():
        # phones that rang before the talk have stopped, whether or not there was an event
        if talking is None or (employee != talking.uis_employee_id and at > talking.since):
            since[employee] = min(at, since.get(employee, at))
    return sorted(
        (Participant(employee, at) for employee, at in since.items()),
        key=lambda one: (one.since, one.uis_employee_id),
    )


def _hang_up(legs: dict[tuple[int, int], datetime], employee: int, leg: int) -> None:
    """Remove a leg, or all legs of the employee if the template has none."""
    for key in [key for key in legs if key[0] == employee and (leg in (0, key[1]) or key[1] == 0)]:
        del legs[key]

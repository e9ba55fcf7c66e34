"""How a call stands right now: whose phones ring, and who talks. Free of I/O; any order, repetitions harmless."""

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
"""Signs that an employee takes part: None is a leg event of the vendor's default templates, which do not name it."""


@dataclass(frozen=True)
class Attending:
    """An employee of UIS who takes part, and since when."""

    uis_employee_id: int
    since: datetime


@dataclass(frozen=True)
class LiveCall:
    """A call while it goes on, or just after.

    :param call: what all its events tell
    :param ringing: whose phones ring, or who has picked up a call out without talking yet, in the order of ringing;
        once somebody talks, only those who were rung after that
    :param talking: whose talk began last, of those who have not hung up; of a call that came in also who has picked
        up, before any talk is told of
    """

    call: Call
    ringing: tuple[Attending, ...]
    talking: Attending | None


def live_call(events: Iterable[CallEvent]) -> LiveCall:
    """Return how the call of these events stands.

    :raises ValueError: without any event, or with events of several calls
    """
    events = list(events)
    known = KnownEvents(events)
    call = derive_call(events)
    talking = _talking(known)
    if talking is None and call.direction == "in" and call.call_source != "callapi":
        talking = _picked_up(known)
    return LiveCall(call, tuple(_ringing(known, talking)), talking)


def _talking(known: KnownEvents) -> Attending | None:
    """Return whose talk began last; who hangs up gives the call back to who talked before: it was a consultation."""
    talks = [Attending(start.employee_id, start.at) for start in talk_starts(known) if start.employee_id]
    present = [talk for talk in talks if not _has_left(known, talk)]
    return next(iter((present or talks)[-1:]), None)


def _has_left(known: KnownEvents, talk: Attending) -> bool:
    """Say whether an employee has hung up since; that another telephone of the same stops ringing is no sign."""
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


def _picked_up(known: KnownEvents) -> Attending | None:
    """Return who was the first to pick up and has not hung up: of the talk itself it may be told later, or never."""
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
    return None if first is None else Attending(first[0], legs[first])


def _ringing(known: KnownEvents, talking: Attending | None) -> list[Attending]:
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
        # whoever was rung before the talk has lost it, whether or not that leg was told to have ended
        if talking is None or (employee != talking.uis_employee_id and at > talking.since):
            since[employee] = min(at, since.get(employee, at))
    return sorted(
        (Attending(employee, at) for employee, at in since.items()),
        key=lambda one: (one.since, one.uis_employee_id),
    )


def _hang_up(legs: dict[tuple[int, int], datetime], employee: int, leg: int) -> None:
    """Forget a leg; without one in the template all of this employee's."""
    for key in [key for key in legs if key[0] == employee and (leg in (0, key[1]) or key[1] == 0)]:
        del legs[key]

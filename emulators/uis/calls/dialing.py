"""Ringing several telephones, all at once or one after another, until somebody answers."""

from collections.abc import Callable
from dataclasses import dataclass

from ..cabinet.employees import Employee, Phone
from .flow import Flow
from .session import Leg


@dataclass
class Target:
    """A telephone to ring; ``employee`` and ``phone`` are unknown for foreign numbers."""

    number: str
    employee: Employee | None = None
    phone: Phone | None = None

    @property
    def ring_seconds(self) -> float:
        """Return how long it rings."""
        return 30.0 if self.phone is None else self.phone.dial_time


class Dialing:
    """One attempt. ``answered`` gets the leg that was picked up, ``failed`` is called when nobody did.

    An employee whose status takes no calls is not rung: the leg ends at once, with the status as its reason.
    """

    def __init__(
        self,
        flow: Flow,
        targets: list[Target],
        at_once: bool,
        answered: Callable[[Leg, float], None],
        failed: Callable[[float], None],
    ) -> None:
        self._flow = flow
        self._waiting = list(targets)
        self._at_once = at_once
        self._answered = answered
        self._failed = failed
        self._rung_somebody = False
        self.legs: list[Leg] = []
        self.over = False

    def start(self, at: float) -> None:
        """Ring the first telephone, or all."""
        if self._at_once:
            targets, self._waiting = self._waiting, []
            for target in targets:
                self._ring(target, at)
            self._check(at)
        else:
            self._next(at)

    def answer(self, leg: Leg, at: float) -> None:
        """Let somebody pick up; all other telephones stop ringing."""
        if self.over or not leg.ringing:
            return
        self.over = True
        self._flow.connect(leg, at)
        for other in self.legs:
            if other is not leg:
                self._flow.disconnect(other, at, "another_operator_answer", failed=True)
        self._answered(leg, at)

    def drop(self, leg: Leg, at: float, reason: str) -> None:
        """End one ringing leg: rejected or not answered in time."""
        if not leg.ringing:
            return
        self._flow.disconnect(leg, at, reason, failed=True)
        self._check(at)

    def _next(self, at: float) -> None:
        while self._waiting and not any(leg.ringing for leg in self.legs):
            self._ring(self._waiting.pop(0), at)
        self._check(at)

    def _check(self, at: float) -> None:
        if self.over or any(leg.ringing for leg in self.legs):
            return
        if self._waiting:
            self._next(at)
            return
        self.over = True
        self._failed(at)

    def _ring(self, target: Target, at: float) -> None:
        flow, session, employee = self._flow, self._flow.session, target.employee
        leg = flow.exchange.new_leg(
            session, "out", session.contact_phone, target.number, at, employee, target.number, True
        )
        self.legs.append(leg)
        refusal = _refusal(employee, target.phone)
        if refusal is not None:
            leg.finished, leg.finish_reason, leg.is_failed = at, refusal, True
            leg.state = "Разъединено"
            return
        flow.emit("out_call", at, leg=leg)
        flow.emit("call_proceeding", at, leg=leg)
        flow.answers[leg.id] = lambda due: self.answer(leg, due)
        flow.refusals[leg.id] = lambda due: self.drop(leg, due, "operator_busy")
        people = flow.people
        key, extension = (employee.id, employee.extension) if employee else (target.number, None)
        answers, rejects = people.answer_of(key, extension), people.reject_of(key, extension)
        first = not self._rung_somebody
        self._rung_somebody = True
        if answers is not None and rejects is None and (people.answers or first or not self._at_once):
            flow.after(at, answers, lambda due: self.answer(leg, due))
        flow.after(at, rejects, lambda due: self.drop(leg, due, "operator_busy"))
        ring = flow.ring_seconds(target.ring_seconds)
        flow.after(at, ring, lambda due: self.drop(leg, due, "operator_not_responsible"))


def _refusal(employee: Employee | None, phone: Phone | None) -> str | None:
    """Return why a telephone cannot be rung."""
    if employee is None:
        return None
    if not employee.status.takes_calls:
        return employee.status.refusal
    if phone is None:
        return "employee_without_phones" if not employee.phones else "phone_protocol_not_allowed_by_status"
    if employee.busy >= phone.channels_count:
        return "operator_busy"
    return None


def targets_of(employees: list[Employee]) -> list[Target]:
    """Return the first usable telephone of each employee."""
    targets: list[Target] = []
    for employee in employees:
        phone = next(iter(employee.active_phones()), None)
        number = phone.number if phone else employee.phones[0].number if employee.phones else ""
        targets.append(Target(number, employee, phone))
    return targets

"""One call as it happens: legs ring, connect, talk and end; every step emits its notifications.

Order of events: in_call_session → in_call → out_call, call_proceeding (each rung employee) → call_connected →
talk_started → talk_finished → call_disconnected of every leg → (lost_call_session) → call_session_finished →
talk_record_file.
"""

from collections.abc import Callable
from typing import Any

from ..cabinet.employees import Employee
from ..scheduler import Scheduler
from .exchange import Exchange
from .people import People
from .session import DISCONNECTED, TALKING, Leg, Recording, Session, Talk


class Flow:
    """What all kinds of calls have in common. Every method takes the time of what it does."""

    def __init__(self, exchange: Exchange, session: Session, people: People, timeline: Scheduler) -> None:
        self.exchange = exchange
        self.session = session
        self.people = people
        self.timeline = timeline
        self.answers: dict[int, Callable[[float], None]] = {}  # leg id → picks it up, as a person would
        self.refusals: dict[int, Callable[[float], None]] = {}  # leg id → rejects it
        exchange.flows[session.id] = self

    def emit(self, event: str, at: float, **extra: Any) -> None:
        """Emit an event."""
        self.exchange.emit(event, self.session, at, extra, self.timeline)

    def after(self, at: float, seconds: float | None, action: Any) -> None:
        """Do something later, if the session still lives then; None = never."""
        if seconds is None:
            return

        def step(due: float) -> None:
            if self.session.alive:
                action(due)

        self.timeline.at(at + seconds, step)

    def connect(self, leg: Leg, at: float) -> None:
        """Let a leg be picked up."""
        leg.connected = at
        leg.state = TALKING
        if leg.employee is not None:
            leg.employee.busy += 1
            self.session.employee = leg.employee
        self.emit("call_connected", at, leg=leg)

    def disconnect(self, leg: Leg, at: float, reason: str, failed: bool = False) -> None:
        """End a leg."""
        if not leg.alive:
            return
        leg.finished, leg.finish_reason, leg.state, leg.is_failed = at, reason, DISCONNECTED, failed
        if leg.connected is not None and leg.employee is not None:
            leg.employee.busy -= 1
        self.emit("call_disconnected", at, leg=leg)

    def begin_talk(self, one: Leg, other: Leg, at: float) -> Talk:
        """Put two legs through."""
        session = self.session
        employee = other.employee or one.employee
        talk = Talk((one, other), employee, at)
        session.talks.append(talk)
        session.state, session.is_lost = "TALK", False
        if employee is not None:
            session.employee = employee
        for leg in talk.legs:
            leg.is_talked, leg.state = True, TALKING
        records = employee is not None and employee.records(session.direction)
        talk.recorded = records if session.recording is None else session.recording
        self.emit("talk_started", at, legs=talk.legs, employee=employee)
        return talk

    def end_talk(self, at: float) -> None:
        """End the talk going on, and its recording."""
        talk = self.session.talk
        if talk is None:
            return
        talk.finished = at
        if talk.recorded and at > talk.started:
            self.exchange.new_recording(self.session, "talk", at - talk.started, talk.employee)
        self.emit("talk_finished", at, legs=talk.legs, employee=talk.employee, talk=round(at - talk.started))

    def talk_on(self, at: float, seconds: float | None) -> None:
        """End the talk after some seconds, or never."""
        talk = self.session.talk

        def hang_up(due: float) -> None:
            if self.session.talk is talk:
                self.hang_up(self.people.hangs_up, due)

        self.after(at, seconds, hang_up)

    def hang_up(self, who: str, at: float) -> None:
        """Let the contact or the employee end the call."""
        reason = "subscriber_disconnects" if who == "contact" else "operator_disconnects"
        self.finish(at, reason)

    def finish(self, at: float, reason: str) -> None:
        """End everything: the talk, the legs, the session."""
        session = self.session
        if not session.alive:
            return
        session.state = "FINISHING"
        self.end_talk(at)
        for leg in sorted(session.legs, key=lambda leg: not leg.is_operator):
            self.disconnect(leg, at, reason if leg.connected is not None else _unconnected(reason))
        session.finished, session.finish_reason = at, reason
        if session.is_lost:
            self.emit("lost_call_session", at)
        self.emit("call_session_finished", at)
        self.exchange.flows.pop(session.id, None)
        self._make_ready(at)

    def _make_ready(self, at: float) -> None:
        """Plan when the recordings can be downloaded; some never can (knob record_missing)."""
        knobs = self.exchange.knobs
        for index, recording in enumerate(self.session.recordings):
            if self.exchange.random.random() < knobs.record_missing:
                continue
            recording.ready = at + knobs.record_delay_s + index
            self.timeline.at(recording.ready, self._announce(recording))

    def _announce(self, recording: Recording) -> Any:
        event = "talk_record_file" if recording.kind == "talk" else "voice_message"
        return lambda at: self.emit(event, at, recording=recording, employee=recording.employee)

    def ring_seconds(self, employee_dial_time: float) -> float:
        """Return how long a telephone rings before the platform gives up."""
        if self.people.ring_timeout is not None:
            return self.people.ring_timeout
        return employee_dial_time

    def transfer(self, target: Employee, at: float, third_answers: float | None) -> None:
        """Let the talking employee send the contact to a colleague, who then rings."""
        session = self.session
        phones = target.active_phones()
        contact, first = session.contact_leg, session.talk
        if contact is None or first is None or not phones or not target.status.takes_calls:
            return
        session.is_transfer = session.transferring = True
        leg = self.exchange.new_leg(
            session, "out", session.contact_phone, phones[0].number, at, target, phones[0].number
        )
        self.emit("out_call", at, leg=leg)
        self.emit("call_proceeding", at, leg=leg)

        def answer(due: float) -> None:
            if leg.ringing:
                self._transferred(leg, contact, due)

        def give_up(due: float) -> None:
            if leg.ringing:
                session.transferring = False
                self.disconnect(leg, due, "operator_not_responsible", failed=True)

        self.answers[leg.id], self.refusals[leg.id] = answer, give_up
        self.after(at, third_answers, answer)
        self.after(at, self.ring_seconds(phones[0].dial_time), give_up)

    def _transferred(self, leg: Leg, contact: Leg, at: float) -> None:
        before = self.session.talk
        self.connect(leg, at)
        leg.is_transfered = True
        self.end_talk(at)
        for old in before.legs if before is not None else ():
            if old is not contact:
                self.disconnect(old, at, "transfer_disconnects")
        self.session.transferring = False
        self.begin_talk(contact, leg, at)
        self.talk_on(at, self.people.second_talk)

    def plan_talk(self, at: float) -> None:
        """Plan how the first talk goes: to its end, or to a transfer."""
        people = self.people
        self.talk_on(at, people.talk)  # no effect once another talk has begun
        target = self.exchange.directory.employee_named(people.transfer_to)
        if target is not None:
            self.after(
                at, people.transfer_after, lambda due: self.transfer(target, due, people.third_answers)
            )


def _unconnected(reason: str) -> str:
    return "operator_not_responsible" if reason.startswith("no_success") else reason

"""Calls started through the Call API: one side is rung first, then the other."""

from collections.abc import Callable

from .dialing import Dialing, Target
from .outgoing import OutgoingCall
from .session import Leg


class ApiCall(OutgoingCall):
    """Click-to-call: employee first, or contact first."""

    targets: tuple[Target, ...] = ()
    first: str = "employee"

    def launch(self, at: float) -> None:
        """Ring the side that comes first."""
        if self.exchange.knobs.callapi_session_event:
            name = "out_call_session" if self.session.direction == "out" else "in_call_session"
            employee = self.targets[0].employee if self.targets else None
            self.emit(name, at, **({"employee": employee} if name == "out_call_session" else {}))
        if self.first == "employee":
            self._ring_employee(at, self.dial_contact)
        else:
            self._ring_contact(at)

    def _ring_employee(self, at: float, then: Callable[[Leg, float], None]) -> None:
        # without a named telephone all active ones are tried, one by one
        dialing = Dialing(
            self, list(self.targets), False, then, lambda due: self.finish(due, "no_success_operator_call")
        )
        dialing.start(at)

    def _ring_contact(self, at: float) -> None:
        session, people = self.session, self.people
        leg = self.exchange.new_leg(session, "out", session.virtual_number or "", session.contact_phone, at)
        self.emit("out_call", at, leg=leg)
        self.emit("call_proceeding", at, leg=leg)

        def answer(due: float) -> None:
            if leg.ringing:
                self.connect(leg, due)
                self._ring_employee(due, lambda own, then: self._put_through(leg, own, then))

        def fail(due: float) -> None:
            if leg.ringing:
                self.disconnect(leg, due, people.contact_refuses or "subscriber_not_responsible", failed=True)
                self.finish(due, people.contact_refuses or "no_success_subscriber_call")

        self.answers[leg.id], self.refusals[leg.id] = answer, fail
        if people.contact_refuses is None:
            self.after(at, people.contact_answers, answer)
            self.after(at, self.ring_seconds(self.exchange.knobs.ring_timeout_s), fail)
        else:
            self.after(at, people.contact_answers or 2.0, fail)

    def _put_through(self, contact: Leg, own: Leg, at: float) -> None:
        self.begin_talk(contact, own, at)
        self.plan_talk(at)

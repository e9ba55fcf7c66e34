"""Managing a talk from outside: hold, a third party, transfer. Raises :class:`WrongStateError` out of turn.

TALK -hold→ HOLD -make→ DIALING -answered→ OPERATOR_TALK; transfer or restore from either → TALK; a third call
that fails → HOLD, or the end if the talk has already been handed over.
"""

from ..cabinet.employees import Employee
from .flow import Flow
from .session import ON_HOLD, OPERATORS_TALK, TALKING, TRANSFER, Leg


class WrongStateError(Exception):
    """The call is not in a state that allows this."""


class Consultation:
    """Manages one call."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._session = flow.session
        self._third: Leg | None = None
        self._handed_over = False

    def hold(self, at: float) -> None:
        """Put the contact on hold."""
        self._need("TALK")
        self._session.state = "HOLD"
        self._set_contact(ON_HOLD)
        self._flow.emit("call_hold_control", at, status="hold", leg=self._first())

    def unhold(self, at: float) -> None:
        """Take the contact off hold."""
        self._need("HOLD")
        self._back_to_talk()
        self._flow.emit("call_hold_control", at, status="unhold", leg=self._first())

    def make_call(self, number: str, employee: Employee | None, at: float) -> None:
        """Ring a third party while the contact is on hold."""
        self._need("HOLD")
        session, flow = self._session, self._flow
        leg = flow.exchange.new_leg(
            session, "out", session.contact_phone, number, at, employee, number if employee else None, True
        )
        self._third, session.state = leg, "DIALING"
        flow.emit("out_call", at, leg=leg)
        flow.emit("call_proceeding", at, leg=leg)

        def answer(due: float) -> None:
            if leg.ringing:
                self._third_answered(leg, due)

        def fail(due: float) -> None:
            if leg.ringing:
                self._third_failed(leg, due)

        flow.answers[leg.id], flow.refusals[leg.id] = answer, fail
        flow.after(at, flow.people.third_answers, answer)
        flow.after(at, flow.ring_seconds(flow.exchange.knobs.ring_timeout_s), fail)

    def transfer(self, at: float) -> None:
        """Hand the contact over to the third party."""
        self._need("DIALING", "OPERATOR_TALK")
        self._session.is_transfer = True
        first, third = self._first(), self._third
        self._flow.end_talk(at)
        if first is not None:
            self._flow.disconnect(first, at, "transfer_disconnects")
        if third is not None and third.connected is not None:
            self._join(third, at)
        else:
            self._handed_over = True
            self._set_contact(TRANSFER)

    def restore(self, at: float) -> None:
        """Drop the third party and talk with the contact again."""
        self._need("DIALING", "OPERATOR_TALK")
        if self._third is not None:
            self._flow.disconnect(self._third, at, "operator_disconnects")
            self._third = None
        self._back_to_talk()

    def disconnect_leg(self, leg: Leg, at: float) -> None:
        """Drop one participant; without the contact or the talking employee the call is over."""
        if leg is self._third and self._session.state in {"DIALING", "OPERATOR_TALK"}:
            self._flow.disconnect(leg, at, "operator_disconnects")
            self._third, self._session.state = None, "HOLD"
            return
        if leg.ringing and leg.is_operator:
            self._flow.disconnect(leg, at, "operator_disconnects", failed=True)
            if any(other.alive and other.is_operator for other in self._session.legs):
                return
        self._session.state = "POST_TALK"
        reason = "operator_disconnects" if leg.is_operator else "subscriber_disconnects"
        self._flow.finish(at, reason)

    def _third_answered(self, leg: Leg, at: float) -> None:
        charge = self._session.employee
        self._flow.connect(leg, at)
        if self._handed_over:
            self._join(leg, at)
            return
        self._session.employee = charge
        self._session.state = leg.state = "OPERATOR_TALK"
        leg.state = OPERATORS_TALK
        first = self._first()
        if first is not None:
            first.state = OPERATORS_TALK

    def _third_failed(self, leg: Leg, at: float) -> None:
        self._flow.disconnect(leg, at, "operator_not_responsible", failed=True)
        self._third = None
        if self._handed_over:
            self._flow.finish(at, "no_success_operator_call")
        else:
            self._session.state = "HOLD"

    def _join(self, third: Leg, at: float) -> None:
        contact = self._session.contact_leg
        self._third, self._handed_over = None, False
        third.is_transfered = True
        if contact is not None:
            self._flow.begin_talk(contact, third, at)
            self._flow.talk_on(at, self._flow.people.second_talk)

    def _back_to_talk(self) -> None:
        self._session.state = "TALK"
        self._set_contact(TALKING)
        first = self._first()
        if first is not None:
            first.state = TALKING

    def _first(self) -> Leg | None:
        """Return the leg of the employee who talks with the contact."""
        talk = self._session.talk
        return next((leg for leg in talk.legs if leg.is_operator), None) if talk is not None else None

    def _set_contact(self, state: str) -> None:
        leg = self._session.contact_leg
        if leg is not None:
            leg.state = state

    def _need(self, *states: str) -> None:
        if self._session.state not in states:
            raise WrongStateError(self._session.state)

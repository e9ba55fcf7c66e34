"""Calls made by an employee from the telephone or the softphone."""

from ..cabinet.employees import Employee
from .flow import Flow
from .session import Leg


class OutgoingCall(Flow):
    """The employee dials the contact, or a colleague."""

    def begin(self, employee: Employee, at: float) -> None:
        """Let the employee dial."""
        session = self.session
        session.employee = employee
        phone = employee.phones[0].number if employee.phones else ""
        self.emit("out_call_session", at, employee=employee)
        own = self.exchange.new_leg(session, "in", phone, session.contact_phone, at, employee, phone)
        own.connected = at
        employee.busy += 1
        self.emit("in_call", at, leg=own)
        self.dial_contact(own, at)

    def dial_contact(self, own: Leg, at: float) -> None:
        """Ring the other side."""
        session, people = self.session, self.people
        colleague = None
        if session.is_internal:
            colleague = self.exchange.directory.employee_named(session.contact_phone)
        caller = session.virtual_number or own.calling
        leg = self.exchange.new_leg(session, "out", caller, session.contact_phone, at, colleague)
        self.emit("out_call", at, leg=leg)
        self.emit("call_proceeding", at, leg=leg)

        def answer(due: float) -> None:
            if leg.ringing:
                self.connect(leg, due)
                session.employee = own.employee
                self.begin_talk(leg, own, due)
                self.plan_talk(due)

        def fail(due: float) -> None:
            if leg.ringing:
                self.disconnect(leg, due, people.contact_refuses or "subscriber_not_responsible", failed=True)
                self.finish(due, people.contact_refuses or "no_success_subscriber_call")

        self.answers[leg.id], self.refusals[leg.id] = answer, fail
        if people.contact_refuses is not None:
            self.after(at, people.contact_answers or 2.0, fail)
            return
        self.after(at, people.contact_answers, answer)
        self.after(at, self.ring_seconds(self.exchange.knobs.ring_timeout_s), fail)

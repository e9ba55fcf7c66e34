"""An incoming call: it goes through the operations of the number's scenario."""

from typing import Any

from ..scheduler import Scheduler
from .call_processing import CallProcessing, Outcome
from .dialing import Dialing, Target, targets_of
from .exchange import Exchange
from .flow import Flow
from .people import People
from .session import QUEUED, Leg, Session

_MESSAGE_SECONDS = 4.0  # a file or text played to the caller


class IncomingCall(Flow):
    """The caller's progress through the scenario."""

    def __init__(
        self, exchange: Exchange, session: Session, people: People, timeline: Scheduler, asker: CallProcessing
    ) -> None:
        super().__init__(exchange, session, people, timeline)
        self._asker = asker
        self.dialing: Dialing | None = None
        self._caller: Leg | None = None

    def start(self, at: float) -> None:
        """Let the call reach the number."""
        session = self.session
        self.emit("in_call_session", at)
        self._caller = self.exchange.new_leg(
            session, "in", session.contact_phone, session.virtual_number or "", at
        )
        self._caller.connected = at
        self.emit("in_call", at, leg=self._caller)
        self.after(at, self.people.abandons, self._abandon)
        self._operation(0, at)

    def answered(self, leg: Leg, at: float) -> None:
        """Begin the talk."""
        if self._caller is not None:
            self.begin_talk(self._caller, leg, at)
            self.plan_talk(at)

    def _abandon(self, at: float) -> None:
        if not self.session.talks:
            self.finish(at, "subscriber_disconnects")

    def _operation(self, index: int | None, at: float) -> None:
        """Run an operation; beyond the last one the call is lost."""
        session = self.session
        operations = session.scenario.operations if session.scenario is not None else []
        if not session.alive:
            return
        if index is None or index >= len(operations):
            self.finish(at, self._reason_at_end())
            return
        operation = operations[index]
        session.operations.append(operation)
        following = index + 1
        match operation["mnemonic"]:
            case "ivr":
                self.after(
                    at, float(operation.get("seconds", 10)), lambda due: self._operation(following, due)
                )
            case "queue":
                if self._caller is not None:
                    self._caller.state = QUEUED
                self.after(
                    at, float(operation.get("seconds", 10)), lambda due: self._operation(following, due)
                )
            case "dialing":
                targets = targets_of(self.exchange.directory.members(operation))
                at_once = operation.get("mode", "simultaneous") == "simultaneous"
                self._dial(targets, at_once, at, following)
            case "integration":
                self._ask(operation, following, at)
            case "voice_mail":
                self._voice_mail(at)
            case unknown:
                raise ValueError(f"unknown operation {unknown!r} in scenario {session.scenario}")

    def _reason_at_end(self) -> str:
        if any(leg.is_operator for leg in self.session.legs):
            return "no_success_operator_call"
        return "scenario_disconnects" if self.session.operations else "no_active_scenario"

    def _dial(self, targets: list[Target], at_once: bool, at: float, following: int | None) -> None:
        self.dialing = Dialing(
            self, targets, at_once, self.answered, lambda due: self._operation(following, due)
        )
        self.dialing.start(at)

    def _voice_mail(self, at: float) -> None:
        seconds = self.people.message

        def end(due: float) -> None:
            if seconds:
                self.exchange.new_recording(self.session, "voice_mail", seconds, None)
            self.finish(due, "subscriber_disconnects")

        self.after(at, seconds, end)

    def _ask(self, operation: dict[str, Any], following: int, at: float) -> None:
        """Ask the integrator's server; the call goes on when it has answered, or failed to in time."""

        def decided(outcome: Outcome) -> None:
            self.timeline.at(
                at + outcome.seconds, lambda due: self._follow(outcome, operation, following, due)
            )

        self._asker.ask(self.session, operation, self.people.input_result, at, self.timeline, decided)

    def _follow(self, outcome: Outcome, operation: dict[str, Any], following: int, at: float) -> None:
        if not self.session.alive:
            return
        branches = operation.get("branches", {})
        if outcome.branch is not None:
            self._operation(branches.get(outcome.branch, following), at)
            return
        begin = at + (_MESSAGE_SECONDS if outcome.plays else 0)
        if not outcome.phones:
            self.after(begin, 0, lambda due: self._operation(branches.get("play_done"), due))
            return
        at_once = self.exchange.knobs.interactive_dial == "simultaneous"
        failed = branches.get("dial_failed", following)
        targets = [self._target(number) for number in outcome.phones]
        self.after(begin, 0, lambda due: self._dial(targets, at_once, due, failed))

    def _target(self, number: str) -> Target:
        found = self.exchange.directory.employee_of(number, self.exchange.knobs.interactive_extensions)
        if found is None:
            return Target(number)
        employee, phone = found
        usable = phone in employee.active_phones()
        return Target(phone.number, employee, phone if usable else None)

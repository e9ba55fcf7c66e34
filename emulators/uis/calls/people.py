"""How the people of a call behave: who answers, after how long, who hangs up."""

from dataclasses import dataclass, field, fields
from typing import Any

from ..knobs import Knobs


@dataclass
class People:
    """Behaviour in one call. Seconds count from the moment the person could act; null means never."""

    employee_answers: float | None = 3.0  # whoever is rung first
    answers: dict[str, float | None] = field(
        default_factory=dict
    )  # by employee id, extension or foreign number; wins
    rejects: dict[str, float] = field(default_factory=dict)  # presses "reject": operator_busy
    contact_answers: float | None = 6.0  # in outgoing calls
    contact_refuses: str | None = None  # finish reason instead: subscriber_busy, subscriber_number_problems…
    talk: float | None = 60.0  # null: until somebody ends it through the API or a control route
    hangs_up: str = "contact"  # contact | employee
    abandons: float | None = None  # the caller gives up this long after the start unless somebody talks
    ring_timeout: float | None = None  # null: dial_time of the telephone
    transfer_to: str | int | None = None  # employee id or extension
    transfer_after: float = 10.0  # into the talk
    third_answers: float | None = 4.0  # the employee a call is transferred to, or called by make.call
    second_talk: float | None = 30.0  # after the transfer
    input_result: str | None = None  # digits pressed in a menu
    message: float = 10.0  # length of the voice message; 0 = leaves none

    def answer_of(self, id: int | str, extension: str | None) -> float | None:
        """Return when an employee answers."""
        for key in (str(id), extension or ""):
            if key in self.answers:
                return self.answers[key]
        return None if self.answers else self.employee_answers

    def reject_of(self, id: int | str, extension: str | None) -> float | None:
        """Return when an employee rejects."""
        return self.rejects.get(str(id), self.rejects.get(extension or ""))


def read_people(spec: dict[str, Any], knobs: Knobs) -> People:
    """Read behaviour from JSON; what it does not say comes from the knobs.

    :raises ValueError: an unknown name, or not a number where one must be.
    """
    known = {entry.name for entry in fields(People)}
    if unknown := set(spec) - known:
        raise ValueError(
            f"unknown behaviour: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}"
        )
    for name in (
        "employee_answers",
        "contact_answers",
        "talk",
        "abandons",
        "transfer_after",
        "third_answers",
    ):
        value = spec.get(name)
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool) or value < 0):
            raise ValueError(f"{name} is a number of seconds or null, not {value!r}")
    if spec.get("hangs_up", "contact") not in {"contact", "employee"}:
        raise ValueError(f"hangs_up is contact or employee, not {spec['hangs_up']!r}")
    defaults = {
        "employee_answers": knobs.employee_answer_s,
        "contact_answers": knobs.contact_answer_s,
        "talk": knobs.talk_s,
    }
    return People(**(defaults | spec))

"""A call session with its legs, talks and recordings. Times are timestamps."""

from dataclasses import dataclass, field
from typing import Any

from ..cabinet.directory import Contact, Scenario, Tag
from ..cabinet.employees import Employee

# states of a leg, Russian display strings as ``list.calls`` prints them
DIALING = "Дозвон"
TALKING = "Разговор"
QUEUED = "На очереди"
DISCONNECTED = "Разъединено"
OPERATORS_TALK = "Разговор операторов"
ON_HOLD = "На удержании"
TRANSFER = "Перевод вызова"
SENDING_DTMF = "Отправка dtmf"


@dataclass(eq=False)
class Leg:
    """One participant's connection with the platform. ``direction`` is seen from the platform."""

    id: int
    direction: str
    calling: str
    called: str
    started: float
    is_operator: bool
    employee: Employee | None = None
    phone: str | None = None  # of the employee
    connected: float | None = None
    finished: float | None = None
    finish_reason: str | None = None
    is_failed: bool = False
    is_talked: bool = False
    is_transfered: bool = False
    is_coach: bool = False
    state: str = DIALING
    operation: dict[str, Any] = field(default_factory=dict)

    @property
    def alive(self) -> bool:
        """Return whether it has not ended."""
        return self.finished is None

    @property
    def ringing(self) -> bool:
        """Return whether the telephone rings."""
        return self.finished is None and self.connected is None


@dataclass(eq=False)
class Talk:
    """Two participants talking."""

    legs: tuple[Leg, Leg]
    employee: Employee | None
    started: float
    finished: float | None = None
    recorded: bool = False


@dataclass(eq=False)
class Recording:
    """A file of a talk or of a voice message, ready some time after the session's end."""

    id: str
    session_id: int
    kind: str  # talk | voice_mail
    duration: int
    employee: Employee | None
    ready: float | None = None  # None: not known yet, or never

    def is_ready(self, now: float) -> bool:
        """Return whether the file can be downloaded."""
        return self.ready is not None and self.ready <= now


@dataclass(eq=False)
class Session:
    """A call from its first to its last second."""

    id: int
    direction: str
    source: str
    contact_phone: str
    virtual_number: str | None
    started: float
    contact: Contact | None = None
    scenario: Scenario | None = None
    operations: list[dict[str, Any]] = field(default_factory=list)  # those it went through
    external_id: str | None = None
    api_request_id: int | None = None
    ext_id: str | None = None
    is_internal: bool = False
    is_transfer: bool = False
    is_lost: bool = True
    finished: float | None = None
    finish_reason: str | None = None
    state: str = "SESSION"  # SESSION TALK HOLD DIALING OPERATOR_TALK POST_TALK FINISHING
    legs: list[Leg] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    recordings: list[Recording] = field(default_factory=list)
    tags: list[tuple[Tag, float, Employee | None]] = field(default_factory=list)
    employee: Employee | None = None  # who is in charge of the call now
    communication_number: int = 1
    recording: bool | None = None  # None: as the employee's settings say
    transferring: bool = False

    @property
    def alive(self) -> bool:
        """Return whether it is going on."""
        return self.finished is None

    @property
    def talk(self) -> Talk | None:
        """Return the talk that is going on."""
        return next((talk for talk in reversed(self.talks) if talk.finished is None), None)

    @property
    def contact_leg(self) -> Leg | None:
        """Return the leg of the outside party."""
        return next((leg for leg in self.legs if not leg.is_operator and leg.alive), None)

    def wait_seconds(self, now: float) -> int:
        """Return how long the contact waited for the first talk, or in vain."""
        until = self.talks[0].started if self.talks else self.finished if self.finished is not None else now
        return round(until - self.started)

    def talk_seconds(self, now: float) -> int:
        """Return the time from the first talk to the end."""
        end = self.finished if self.finished is not None else now
        return round(end - self.talks[0].started) if self.talks else 0

    def clean_talk_seconds(self, now: float) -> int:
        """Return only the time spent talking."""
        return round(sum((now if t.finished is None else t.finished) - t.started for t in self.talks))

    def total_seconds(self, now: float) -> int:
        """Return the whole duration."""
        return round((self.finished if self.finished is not None else now) - self.started)

    def talked(self) -> list[Employee]:
        """Return the employees who talked, in order of first talk."""
        return list(dict.fromkeys(talk.employee for talk in self.talks if talk.employee is not None))

    def answered(self) -> list[Employee]:
        """Return the employees who picked up, in order."""
        legs = sorted(
            (leg for leg in self.legs if leg.connected is not None and leg.is_operator),
            key=lambda leg: leg.connected or 0,
        )
        return list(dict.fromkeys(leg.employee for leg in legs if leg.employee is not None))

    def took_part(self) -> list[Employee]:
        """Return all employees who were dialled or dialled themselves."""
        return list(dict.fromkeys(leg.employee for leg in self.legs if leg.employee is not None))

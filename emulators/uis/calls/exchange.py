"""The exchange: all sessions, and what every call needs to happen."""

from collections import Counter
from collections.abc import Callable
from itertools import count
from random import Random
from typing import Any

from ...kit.clock import Clock
from ..cabinet.directory import Directory
from ..cabinet.employees import Employee
from ..knobs import Knobs
from ..scheduler import Scheduler
from .people import People
from .session import Leg, Recording, Session

# event mnemonic, session, time, values of this event only, the call's timeline
Emit = Callable[[str, Session, float, dict[str, Any], Scheduler], None]


class Exchange:
    """Creates and keeps sessions and legs, and passes events to the notification sender."""

    def __init__(self, directory: Directory, clock: Clock, knobs: Knobs, seed: int, emit: Emit) -> None:
        self.directory = directory
        self.clock = clock
        self.knobs = knobs
        self.emit = emit
        self.random = Random(seed)
        self.sessions: dict[int, Session] = {}
        self.recordings: dict[str, Recording] = {}
        self.next_people: list[People] = []  # for calls started through the API, first come first served
        self.flows: dict[int, Any] = {}  # session id → its Flow
        self.switched_off: set[int] = set()  # ids of numbers whose scenario is not active
        self._calls_of: Counter[str] = Counter()
        self._session_ids = count(700_100_200 + (seed % 1000) * 1_000_000)
        self._leg_ids = count(880_011)
        self._request_ids = count(40_001)

    def new_session(
        self, direction: str, source: str, contact: str, virtual: str | None, at: float
    ) -> Session:
        """Begin a session."""
        session = Session(next(self._session_ids), direction, source, contact, virtual, at)
        session.contact = self.directory.contact_of(contact)
        self._calls_of[contact] += 1
        session.communication_number = self._calls_of[contact]
        self.sessions[session.id] = session
        return session

    def new_leg(
        self,
        session: Session,
        direction: str,
        calling: str,
        called: str,
        at: float,
        employee: Employee | None = None,
        phone: str | None = None,
        is_operator: bool = False,
    ) -> Leg:
        """Add a leg to a session."""
        leg = Leg(
            next(self._leg_ids), direction, calling, called, at, is_operator or employee is not None, employee
        )
        leg.phone = phone
        leg.operation = session.operations[-1] if session.operations else {}
        session.legs.append(leg)
        return leg

    def new_request_id(self) -> int:
        """Return the number of a Call API request."""
        return next(self._request_ids)

    def new_recording(
        self, session: Session, kind: str, duration: float, employee: Employee | None
    ) -> Recording:
        """Add a recording; when it becomes ready is decided at the end of the session."""
        id = f"{self.random.getrandbits(128):032x}"
        recording = Recording(id, session.id, kind, round(duration), employee)
        session.recordings.append(recording)
        self.recordings[id] = recording
        return recording

    def alive(self) -> list[Session]:
        """Return the calls going on."""
        return [session for session in self.sessions.values() if session.alive]

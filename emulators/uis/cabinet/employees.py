"""Employees of the account and their telephones."""

from dataclasses import dataclass, field
from typing import Any

from .statuses import Status


@dataclass
class Phone:
    """A telephone of an employee: a SIP line (its login of seven digits) or an outside number."""

    id: int
    number: str  # may carry an extension to dial afterwards: 74955140578...2345
    channels_count: int = 1
    dial_time: int = 60
    status: str = "active"

    @property
    def protocol(self) -> str:
        """Return SIP for a line's login, PSTN for a number."""
        return "SIP" if len(self.number) < 11 else "PSTN"

    def row(self) -> dict[str, Any]:
        """Return the telephone as ``get.employees`` shows it."""
        return {
            "phone_id": self.id,
            "phone_number": self.number,
            "channels_count": self.channels_count,
            "dial_time": self.dial_time,
            "status": self.status,
        }


@dataclass(eq=False)
class Employee:
    """One employee. ``extension`` is the internal number that CRMs are joined by."""

    id: int
    last_name: str
    first_name: str | None
    patronymic: str | None
    login: str | None
    email: str | None
    extension: str | None
    status: Status
    phones: list[Phone] = field(default_factory=list)
    call_recording: str = "all"  # all | in | out | off
    voice_mail: bool = False
    queue: bool = False
    busy: int = 0  # calls this employee is ringing or talking in

    @property
    def full_name(self) -> str:
        """Return surname, name and patronymic."""
        return " ".join(part for part in (self.last_name, self.first_name, self.patronymic) if part)

    def active_phones(self) -> list[Phone]:
        """Return the telephones that can be rung in the present status, in order of priority."""
        return [
            phone
            for phone in self.phones
            if phone.status == "active" and phone.protocol in self.status.protocols
        ]

    def records(self, direction: str) -> bool:
        """Return whether talks in a direction are recorded."""
        return self.call_recording in {"all", direction}

    def row(self, groups: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the employee as ``get.employees`` shows it."""
        directions = list(self.status.incoming), list(self.status.outgoing)
        return {
            "id": self.id,
            "login": self.login,
            "first_name": self.first_name,
            "last_name": self.last_name,
            "patronymic": self.patronymic,
            "full_name": self.full_name,
            "status": self.status.mnemonic,
            "status_id": self.status.id,
            "calls_available": self.status.takes_calls,
            "allowed_in_call_types": ["external", "internal"] if self.status.incoming else [],
            "allowed_out_call_types": ["external", "internal"] if self.status.outgoing else [],
            "in_external_allowed_call_directions": directions[0],
            "in_internal_allowed_call_directions": directions[0],
            "out_external_allowed_call_directions": directions[1],
            "out_internal_allowed_call_directions": directions[1],
            "email": self.email,
            "call_recording": self.call_recording,
            "schedule_id": None,
            "schedule_name": None,
            "coach": {},
            "groups": groups,
            "phone_numbers": [phone.row() for phone in self.phones],
            "extension": {}
            if self.extension is None
            else {
                "extension_phone_number": self.extension,
                "extension_voice_mail_enabled": self.voice_mail,
                "extension_queue_enabled": self.queue,
            },
            "operator": {},
        }


def in_groups(groups: list["Group"], employee: Employee) -> list[dict[str, Any]]:
    """Return the groups an employee is in."""
    return [
        {"group_id": group.id, "group_name": group.name} for group in groups if employee.id in group.members
    ]


@dataclass
class Group:
    """A group of employees; ``unavailable`` telephones are not rung as part of it."""

    id: int
    name: str
    members: list[int]
    unavailable: set[int] = field(default_factory=set)

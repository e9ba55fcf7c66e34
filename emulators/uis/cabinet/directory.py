"""The cabinet's directories: employees, statuses, groups, numbers, scenarios, address book, tags, media files."""

from dataclasses import dataclass, field
from typing import Any

from .employees import Employee, Group, Phone
from .statuses import Status


@dataclass
class Scenario:
    """What happens to an incoming call: operations in order, each a dict with ``mnemonic`` and settings.

    ============  ======================================================================================
    mnemonic      settings
    ============  ======================================================================================
    ivr           ``seconds``: a menu or greeting
    dialing       ``employees`` (ids) or ``group`` (id), ``mode`` simultaneous | sequential
    integration   ``url``, ``method``, ``encoding``, ``timeout``, ``send`` (names of parameters),
                  ``branches`` {http_request_failed | dial_failed | play_done | "0"…"9": index or null}
    queue         ``seconds`` of waiting before the next operation
    voice_mail    the caller leaves a message
    ============  ======================================================================================
    """

    id: int
    name: str
    operations: list[dict[str, Any]]


@dataclass(eq=False)
class VirtualNumber:
    """A number of the account."""

    id: int
    number: str
    name: str
    scenario_id: int
    type: str = "va"
    status: str = "active"
    comment: str | None = None


@dataclass(eq=False)
class Contact:
    """An entry of the platform's own address book."""

    id: int
    last_name: str
    first_name: str | None
    patronymic: str | None
    phones: list[str]
    personal_manager_id: int | None = None
    email: str | None = None

    @property
    def full_name(self) -> str:
        """Return surname, name and patronymic."""
        return " ".join(part for part in (self.last_name, self.first_name, self.patronymic) if part)


@dataclass(eq=False)
class Tag:
    """A tag for communications."""

    id: int
    name: str
    is_system: bool = False


@dataclass
class Directory:
    """All of it."""

    app_id: int
    name: str
    statuses: list[Status]
    employees: dict[int, Employee]
    groups: list[Group]
    numbers: list[VirtualNumber]
    scenarios: dict[int, Scenario]
    contacts: dict[int, Contact]
    tags: list[Tag]
    media_files: dict[int, str]
    blacklist: set[str] = field(default_factory=set)
    next_id: int = 60_000

    def new_id(self) -> int:
        """Return a fresh id for an employee, a telephone or a contact."""
        self.next_id += 1
        return self.next_id

    def status(self, id: int | None = None, mnemonic: str | None = None) -> Status | None:
        """Return a status by id or mnemonic."""
        for status in self.statuses:
            if (id is not None and status.id == id) or (mnemonic is not None and status.mnemonic == mnemonic):
                return status
        return None

    def number(self, digits: str | None) -> VirtualNumber | None:
        """Return an own virtual number."""
        return next((number for number in self.numbers if number.number == digits), None)

    def tag(self, id: int) -> Tag | None:
        """Return a tag."""
        return next((tag for tag in self.tags if tag.id == id), None)

    def contact_of(self, phone: str) -> Contact | None:
        """Return the address-book entry of a telephone number."""
        return next((contact for contact in self.contacts.values() if phone in contact.phones), None)

    def employee_of(self, number: str, extensions: bool = True) -> tuple[Employee, Phone] | None:
        """Return who has a telephone number, SIP login or, if wanted, an internal number."""
        for employee in self.employees.values():
            for phone in employee.phones:
                if number in {phone.number, phone.number.partition("...")[0]}:
                    return employee, phone
        if extensions:
            for employee in self.employees.values():
                if number == employee.extension and employee.active_phones():
                    return employee, employee.active_phones()[0]
        return None

    def employee_named(self, key: str | int | None) -> Employee | None:
        """Return an employee by id or extension."""
        wanted = str(key)
        return next((e for e in self.employees.values() if wanted in {str(e.id), e.extension}), None)

    def members(self, operation: dict[str, Any]) -> list[Employee]:
        """Return the employees a ``dialing`` operation rings; without those switched off in the group."""
        ids = operation.get("employees")
        off: set[int] = set()
        if ids is None:
            group = next((group for group in self.groups if group.id == operation.get("group")), None)
            ids = list(self.employees) if group is None else group.members
            off = set() if group is None else group.unavailable
        found = [self.employees[id] for id in ids if id in self.employees]
        return [one for one in found if not one.phones or any(phone.id not in off for phone in one.phones)]

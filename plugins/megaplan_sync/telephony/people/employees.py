"""Employees of both sides, parsed from the responses of Megaplan and UIS."""

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from megaplan_sync.kernel.values import boolean, entries, identifier, text
from megaplan_sync.telephony.people.internal_numbers import internal_number

Row = Mapping[str, Any]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MegaplanPerson:
    """An employee of Megaplan; ``is_working`` is None if it is unknown."""

    id: int
    name: str | None
    name_key: tuple[str, str] | None
    is_working: bool | None


@dataclass(frozen=True)
class MegaplanEntry:
    """One ``CallUserConfig``: an employee and the number as typed. ``number`` is None if that is not valid."""

    employee_id: int | None
    typed: str
    number: str | None


@dataclass(frozen=True)
class UisPerson:
    """An employee of UIS; ``number`` is the extension, ``lines`` are the phones: SIP logins and phone numbers."""

    id: int
    name: str | None
    name_key: tuple[str, str] | None
    number: str | None
    lines: tuple[str, ...]
    active_lines: tuple[str, ...]
    status_id: int | None


def megaplan_people(employees: Iterable[Row], configs: Iterable[Row]) -> dict[int, MegaplanPerson]:
    """Return employees by id: from the list of employees, or else as embedded in a config."""
    people: dict[int, MegaplanPerson] = {}
    embedded = (config.get("employee") for config in configs)
    for row in (*employees, *embedded):
        if not isinstance(row, Mapping) or row.get("id") is None:
            continue
        employee_id = _employee_id("Megaplan's", row)
        known = None if employee_id is None else people.get(employee_id)
        if employee_id is not None and (known is None or known.is_working is None):
            name = text(row.get("name"))
            key = _name_key(row.get("lastName"), row.get("firstName"), name)
            people[employee_id] = MegaplanPerson(employee_id, name, key, boolean(row.get("isWorking")))
    return people


def megaplan_entries(configs: Iterable[Row]) -> list[MegaplanEntry]:
    """Return the entries, sorted by employee."""
    entries = []
    for config in configs:
        employee = config.get("employee")
        typed = (text(config.get("internalNumber")) or "").strip()
        employee_id = identifier(employee.get("id")) if isinstance(employee, Mapping) else None
        entries.append(MegaplanEntry(employee_id, typed, internal_number(typed)))
    return sorted(entries, key=lambda entry: (entry.employee_id or 0, entry.typed))


def uis_people(employees: Iterable[Row]) -> list[UisPerson]:
    """Return UIS's employees, sorted by id."""
    people = []
    for row in employees:
        extension = row.get("extension")
        typed = extension.get("extension_phone_number") if isinstance(extension, Mapping) else None
        phones = row.get("phone_numbers")
        name = text(row.get("full_name"))
        employee_id = _employee_id("UIS's", row)
        if employee_id is None:
            continue
        people.append(
            UisPerson(
                id=employee_id,
                name=name,
                name_key=_name_key(row.get("last_name"), row.get("first_name"), name),
                number=internal_number(typed) or text(typed),
                lines=_numbers(phones),
                active_lines=_numbers(phones, is_active=True),
                status_id=identifier(row.get("status_id")),
            )
        )
    return sorted(people, key=lambda person: person.id)


def _numbers(phones: Any, *, is_active: bool = False) -> tuple[str, ...]:
    return tuple(
        str(phone.get("phone_number"))
        for phone in entries(phones)
        if isinstance(phone, Mapping) and not (is_active and phone.get("status") == "inactive")
    )


def _employee_id(whose: str, row: Row) -> int | None:
    """Return the id of an employee; without one, which a warning tells, nobody can be mapped to it."""
    found = identifier(row.get("id"))
    if found is None:
        log.warning("%s employee with the id %.100r has no usable id and is left out", whose, row.get("id"))
    return found


def _name_key(last: Any, first: Any, whole: str | None) -> tuple[str, str] | None:
    """Return last and first name for comparison; the patronymic is often missing."""
    parts = [str(part).strip() for part in (last, first) if part] or (whole or "").split()[:2]
    if len(parts) < 2:
        return None
    family, given = (re.sub(r"\s+", " ", part).casefold().replace("ё", "е") for part in parts[:2])
    return family, given

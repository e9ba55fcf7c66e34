"""Maps Megaplan's employees to UIS's by the internal number. Free of I/O."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from megaplan_sync.kernel.values import identifier, text
from megaplan_sync.telephony.people import mismatches
from megaplan_sync.telephony.people.employees import (
    MegaplanPerson,
    Row,
    UisPerson,
    megaplan_entries,
    megaplan_people,
    uis_people,
)
from megaplan_sync.telephony.people.mismatches import Mismatch, MismatchKind

_TAKES_NO_CALLS = frozenset({"do_not_disturb", "break", "not_at_work"})


@dataclass(frozen=True)
class TelephonyUser:
    """One row of ``telephony.users``: the same person on both sides.

    :param uis_status: mnemonic of the status; for custom statuses, which have none, the name
    :param do_not_disturb: whether the status accepts no external calls; None if it is unknown
    :param lines: active phones of the UIS employee in UIS's order: phone numbers and SIP logins
    """

    employee_id: int
    uis_employee_id: int
    internal_number: str
    name: str | None
    uis_name: str | None
    uis_status_id: int | None
    uis_status: str | None
    do_not_disturb: bool | None
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class UserMapping:
    """Mapped users by employee id, and mismatches, the most severe first."""

    users: tuple[TelephonyUser, ...]
    mismatches: tuple[Mismatch, ...]


def map_users(
    configs: Iterable[Row],
    megaplan_employees: Iterable[Row],
    uis_employees: Iterable[Row],
    uis_statuses: Iterable[Row],
) -> UserMapping:
    """Map the employees of both sides.

    Employees who have left are excluded first, so that a successor can inherit their number. A number that two
    employees share, on either side, is not mapped.

    :param configs: ``CallUserConfig`` rows of Megaplan
    :param megaplan_employees: all ``Employee`` rows of Megaplan
    :param uis_employees: rows of ``get.employees``
    :param uis_statuses: rows of ``get.statuses``
    """
    configs = list(configs)
    sides = _Sides(megaplan_people(megaplan_employees, configs), uis_people(uis_employees))
    sides.read_entries(configs)
    statuses = {identifier(row.get("id")): row for row in uis_statuses}
    pairs = sides.mapped_pairs()
    users = tuple(_user(employee, number, uis, statuses) for employee, number, uis in pairs)
    sides.report_unmapped({uis.id for _, _, uis in pairs})
    order = {kind: place for place, kind in enumerate(MismatchKind)}
    return UserMapping(
        users, tuple(sorted(set(sides.mismatches), key=lambda one: (order[one.kind], *_ids(one))))
    )


def takes_no_calls(status: Row | None) -> bool | None:
    """Return whether a UIS status accepts no external calls; None if it is unknown.

    It depends on ``in_external_allowed_call_directions`` being empty; if that is missing, on the mnemonic of a
    standard status. So a break and a custom status such as "training" count as do-not-disturb.
    """
    if status is None:
        return None
    directions = status.get("in_external_allowed_call_directions")
    if isinstance(directions, list):
        return not directions
    mnemonic = status.get("mnemonic")
    return (
        mnemonic in _TAKES_NO_CALLS if isinstance(mnemonic, str) and mnemonic not in ("", "unknown") else None
    )


def _user(
    employee: MegaplanPerson, number: str, uis: UisPerson, statuses: Mapping[int | None, Row]
) -> TelephonyUser:
    status = statuses.get(uis.status_id) if uis.status_id is not None else None
    return TelephonyUser(
        employee_id=employee.id,
        uis_employee_id=uis.id,
        internal_number=number,
        name=employee.name,
        uis_name=uis.name,
        uis_status_id=uis.status_id,
        uis_status=None if status is None else text(status.get("mnemonic") or status.get("name")),
        do_not_disturb=takes_no_calls(status),
        lines=uis.active_lines,
    )


def _ids(one: Mismatch) -> tuple[int, int, str]:
    return one.employee_id or 0, one.uis_employee_id or 0, one.internal_number or ""


class _Sides:
    """The two sides while they are being mapped."""

    def __init__(self, employees: dict[int, MegaplanPerson], uis: list[UisPerson]) -> None:
        self.employees = employees
        self.uis = uis
        self.mismatches: list[Mismatch] = []
        self.numbers: dict[int, list[str]] = defaultdict(list)
        self.employees_by_number: dict[str, list[int]] = defaultdict(list)
        self.configured: set[int] = set()
        self.extensions: dict[str, list[UisPerson]] = defaultdict(list)
        for person in uis:
            if person.number is not None:
                self.extensions[person.number].append(person)

    def read_entries(self, configs: Iterable[Row]) -> None:
        """Read Megaplan's entries; report those that cannot be mapped."""
        entries = megaplan_entries(configs)
        typed = {entry.number for entry in entries}
        for entry in entries:
            if not entry.typed:
                continue
            number = None if entry.number is None else self._extension(entry.number, typed)
            person = None if entry.employee_id is None else self.employees[entry.employee_id]
            if person is not None:
                self.configured.add(person.id)
            shown = entry.number or entry.typed
            if person is None:
                self._add(
                    MismatchKind.NUMBER_WITHOUT_EMPLOYEE,
                    mismatches.number_without_employee(shown),
                    number=shown,
                )
            elif person.is_working is False:
                message = mismatches.fired_employee_has_number(person.id, shown)
                self._add(MismatchKind.FIRED_EMPLOYEE_HAS_NUMBER, message, person, number=shown)
            elif number is None:
                message = mismatches.number_unreadable(person.id, entry.typed)
                self._add(MismatchKind.NUMBER_UNREADABLE, message, person, number=shown)
            elif number not in self.numbers[person.id]:
                self.numbers[person.id].append(number)
                self.employees_by_number[number].append(person.id)

    def _extension(self, number: str, typed: set[str | None]) -> str:
        """Return UIS's extension for a number that was typed with other zeros before it, if it can only be one."""
        if number in self.extensions:
            return number
        alike = [each for each in self.extensions if each.lstrip("0") == number.lstrip("0")]
        return alike[0] if len(alike) == 1 and alike[0] not in typed else number

    def mapped_pairs(self) -> list[tuple[MegaplanPerson, str, UisPerson]]:
        """Return pairs of employees with their number; report numbers that cannot be mapped."""
        pairs = []
        for employee_id, numbers in sorted(self.numbers.items()):
            person = self.employees[employee_id]
            several = len(numbers) > 1
            if several:
                message = mismatches.employee_has_several_numbers(employee_id, numbers)
                self._add(MismatchKind.EMPLOYEE_HAS_SEVERAL_NUMBERS, message, person)
            for number in numbers:
                uis = self._partner(person, number)
                if uis is not None and not several:
                    pairs.append((person, number, uis))
                    if person.is_working is None:
                        message = mismatches.employee_not_listed(employee_id, number)
                        self._add(MismatchKind.EMPLOYEE_NOT_LISTED, message, person, uis, number)
        return pairs

    def _partner(self, person: MegaplanPerson, number: str) -> UisPerson | None:
        employee_ids, candidates = self.employees_by_number[number], self.extensions.get(number, [])
        if len(employee_ids) > 1:
            message = mismatches.number_twice_in_megaplan(number, employee_ids)
            self._add(MismatchKind.NUMBER_TWICE_IN_MEGAPLAN, message, person, number=number)
        elif len(candidates) > 1:
            message = mismatches.number_twice_in_uis(number, [each.id for each in candidates])
            self._add(MismatchKind.NUMBER_TWICE_IN_UIS, message, person, number=number)
        elif not candidates:
            line_of = next(((each.id, each.number) for each in self.uis if number in each.lines), None)
            message = mismatches.number_not_in_uis(person.id, number, line_of)
            self._add(MismatchKind.NUMBER_NOT_IN_UIS, message, person, number=number)
        else:
            return candidates[0]
        return None

    def report_unmapped(self, mapped_uis: set[int]) -> None:
        """Report employees without a number, and extensions that no Megaplan employee has."""
        for uis in self.uis:
            if uis.number is None:
                message = mismatches.uis_employee_without_number(uis.id)
                self._add(MismatchKind.UIS_EMPLOYEE_WITHOUT_NUMBER, message, uis=uis)
                continue
            same = self.extensions[uis.number]
            if len(same) > 1:
                message = mismatches.number_twice_in_uis(uis.number, [each.id for each in same])
                self._add(MismatchKind.NUMBER_TWICE_IN_UIS, message, uis=uis, number=uis.number)
            elif uis.number not in self.employees_by_number:
                message = mismatches.number_not_in_megaplan(uis.id, uis.number)
                self._add(MismatchKind.NUMBER_NOT_IN_MEGAPLAN, message, uis=uis, number=uis.number)
        namesakes = defaultdict(list)
        for uis in self.uis:
            if uis.id not in mapped_uis and uis.name_key is not None:
                namesakes[uis.name_key].append((uis.id, uis.number))
        for person in self.employees.values():
            if person.is_working and person.id not in self.configured:
                same_name = namesakes.get(person.name_key, []) if person.name_key else []
                only = same_name[0] if len(same_name) == 1 else None
                self._add(
                    MismatchKind.EMPLOYEE_WITHOUT_NUMBER,
                    mismatches.employee_without_number(person.id, only),
                    person,
                )

    def _add(
        self,
        kind: MismatchKind,
        message: str,
        person: MegaplanPerson | None = None,
        uis: UisPerson | None = None,
        number: str | None = None,
    ) -> None:
        self.mismatches.append(
            Mismatch(
                kind=kind,
                message=message,
                employee_id=None if person is None else person.id,
                uis_employee_id=None if uis is None else uis.id,
                internal_number=number,
                name=None if person is None else person.name,
                uis_name=None if uis is None else uis.name,
            )
        )

"""Joins the employees of both sides by the internal number. Free of I/O."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from megaplan_sync.kernel.values import identifier, text
from megaplan_sync.telephony.people import mismatches as told
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

    :param uis_status: the status's mnemonic; a customer's own status has none, there its name
    :param do_not_disturb: the status takes no calls from outside; None when it is not known
    :param lines: active telephones of UIS's employee, in UIS's order: outside numbers and SIP logins
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
    """Who telephones, by employee, and what keeps others from it, the gravest first."""

    users: tuple[TelephonyUser, ...]
    mismatches: tuple[Mismatch, ...]


def map_users(
    configs: Iterable[Row],
    megaplan_employees: Iterable[Row],
    uis_employees: Iterable[Row],
    uis_statuses: Iterable[Row],
) -> UserMapping:
    """Join both sides.

    Who has left is taken out first, so that a successor may inherit the number. Then a number that two employees
    have, on whichever side, is nobody's.

    :param configs: ``CallUserConfig`` rows of Megaplan
    :param megaplan_employees: ``Employee`` rows, everybody
    :param uis_employees: rows of ``get.employees``
    :param uis_statuses: rows of ``get.statuses``
    :raises UnreadableEntityError: an employee's id is no number
    """
    configs = list(configs)
    sides = _Sides(megaplan_people(megaplan_employees, configs), uis_people(uis_employees))
    sides.read_entries(configs)
    statuses = {identifier(row.get("id")): row for row in uis_statuses}
    pairs = sides.joined()
    users = tuple(_user(employee, number, uis, statuses) for employee, number, uis in pairs)
    sides.report_the_rest({uis.id for _, _, uis in pairs})
    order = {kind: place for place, kind in enumerate(MismatchKind)}
    return UserMapping(
        users, tuple(sorted(set(sides.mismatches), key=lambda one: (order[one.kind], *_ids(one))))
    )


def takes_no_calls(status: Row | None) -> bool | None:
    """Tell whether a status of UIS lets no calls from outside through; None when it does not say.

    Its directions tell, ``in_external_allowed_call_directions`` being empty; where they are missing, the mnemonic of
    a standard status. So a break and a customer's own "training" count like do-not-disturb.
    """
    if status is None:
        return None
    directions = status.get("in_external_allowed_call_directions")
    if isinstance(directions, list):
        return not directions
    mnemonic = status.get("mnemonic")
    return mnemonic in _TAKES_NO_CALLS if mnemonic and mnemonic != "unknown" else None


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
    """The two sides while they are being joined."""

    def __init__(self, employees: dict[int, MegaplanPerson], uis: list[UisPerson]) -> None:
        self.employees = employees
        self.uis = uis
        self.mismatches: list[Mismatch] = []
        self.numbers: dict[int, list[str]] = defaultdict(list)
        self.owners: dict[str, list[int]] = defaultdict(list)
        self.configured: set[int] = set()
        self.extensions: dict[str, list[UisPerson]] = defaultdict(list)
        for person in uis:
            if person.number is not None:
                self.extensions[person.number].append(person)

    def read_entries(self, configs: Iterable[Row]) -> None:
        """Take the entries that can take part; report the others."""
        for entry in megaplan_entries(configs):
            if not entry.typed:
                continue
            person = None if entry.employee_id is None else self.employees[entry.employee_id]
            if person is not None:
                self.configured.add(person.id)
            shown = entry.number or entry.typed
            if person is None:
                self._add(
                    MismatchKind.NUMBER_WITHOUT_EMPLOYEE, told.number_without_employee(shown), number=shown
                )
            elif person.is_working is False:
                sentence = told.fired_employee_has_number(person.id, shown)
                self._add(MismatchKind.FIRED_EMPLOYEE_HAS_NUMBER, sentence, person, number=shown)
            elif entry.number is None:
                sentence = told.number_unreadable(person.id, entry.typed)
                self._add(MismatchKind.NUMBER_UNREADABLE, sentence, person, number=shown)
            elif entry.number not in self.numbers[person.id]:
                self.numbers[person.id].append(entry.number)
                self.owners[entry.number].append(person.id)

    def joined(self) -> list[tuple[MegaplanPerson, str, UisPerson]]:
        """Return who is the same person; report who is not, and why."""
        pairs = []
        for employee_id, numbers in sorted(self.numbers.items()):
            person = self.employees[employee_id]
            several = len(numbers) > 1
            if several:
                sentence = told.employee_has_several_numbers(employee_id, numbers)
                self._add(MismatchKind.EMPLOYEE_HAS_SEVERAL_NUMBERS, sentence, person)
            for number in numbers:
                uis = self._partner(person, number)
                if uis is not None and not several:
                    pairs.append((person, number, uis))
                    if person.is_working is None:
                        sentence = told.employee_not_listed(employee_id, number)
                        self._add(MismatchKind.EMPLOYEE_NOT_LISTED, sentence, person, uis, number)
        return pairs

    def _partner(self, person: MegaplanPerson, number: str) -> UisPerson | None:
        owners, candidates = self.owners[number], self.extensions.get(number, [])
        if len(owners) > 1:
            sentence = told.number_twice_in_megaplan(number, owners)
            self._add(MismatchKind.NUMBER_TWICE_IN_MEGAPLAN, sentence, person, number=number)
        elif len(candidates) > 1:
            sentence = told.number_twice_in_uis(number, [each.id for each in candidates])
            self._add(MismatchKind.NUMBER_TWICE_IN_UIS, sentence, person, number=number)
        elif not candidates:
            line_of = next(((each.id, each.number) for each in self.uis if number in each.lines), None)
            sentence = told.number_not_in_uis(person.id, number, line_of)
            self._add(MismatchKind.NUMBER_NOT_IN_UIS, sentence, person, number=number)
        else:
            return candidates[0]
        return None

    def report_the_rest(self, joined_uis: set[int]) -> None:
        """Report who has no number, and numbers that nobody on the other side has."""
        for uis in self.uis:
            if uis.number is None:
                sentence = told.uis_employee_without_number(uis.id)
                self._add(MismatchKind.UIS_EMPLOYEE_WITHOUT_NUMBER, sentence, uis=uis)
                continue
            same = self.extensions[uis.number]
            if len(same) > 1:
                sentence = told.number_twice_in_uis(uis.number, [each.id for each in same])
                self._add(MismatchKind.NUMBER_TWICE_IN_UIS, sentence, uis=uis, number=uis.number)
            elif uis.number not in self.owners:
                sentence = told.number_not_in_megaplan(uis.id, uis.number)
                self._add(MismatchKind.NUMBER_NOT_IN_MEGAPLAN, sentence, uis=uis, number=uis.number)
        namesakes = defaultdict(list)
        for uis in self.uis:
            if uis.id not in joined_uis and uis.name_key is not None:
                namesakes[uis.name_key].append((uis.id, uis.number))
        for person in self.employees.values():
            if person.is_working and person.id not in self.configured:
                same_name = namesakes.get(person.name_key, []) if person.name_key else []
                only = same_name[0] if len(same_name) == 1 else None
                self._add(
                    MismatchKind.EMPLOYEE_WITHOUT_NUMBER,
                    told.employee_without_number(person.id, only),
                    person,
                )

    def _add(
        self,
        kind: MismatchKind,
        sentence: str,
        person: MegaplanPerson | None = None,
        uis: UisPerson | None = None,
        number: str | None = None,
    ) -> None:
        self.mismatches.append(
            Mismatch(
                kind=kind,
                told=sentence,
                employee_id=None if person is None else person.id,
                uis_employee_id=None if uis is None else uis.id,
                internal_number=number,
                name=None if person is None else person.name,
                uis_name=None if uis is None else uis.name,
            )
        )

"""What keeps people out of the telephony mapping, one sentence each: what is wrong, and what to do in which cabinet.

The sentences name ids and numbers, not people: they go into logs. Names stand beside them in
``telephony.mismatches``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MEGAPLAN_USERS = "Megaplan: Настройки → Интеграция → Телефония → Настройки телефонии → Пользователи"
"""Where Megaplan keeps the users of telephony."""
UIS_EMPLOYEES = "UIS: Сотрудники"
"""Where UIS keeps employees and their extensions."""


class MismatchKind(StrEnum):
    """Kinds of mismatches, those first that keep somebody from telephoning who was meant to."""

    FIRED_EMPLOYEE_HAS_NUMBER = "fired_employee_has_number"
    NUMBER_TWICE_IN_MEGAPLAN = "number_twice_in_megaplan"
    NUMBER_TWICE_IN_UIS = "number_twice_in_uis"
    EMPLOYEE_HAS_SEVERAL_NUMBERS = "employee_has_several_numbers"
    NUMBER_UNREADABLE = "number_unreadable"
    NUMBER_WITHOUT_EMPLOYEE = "number_without_employee"
    NUMBER_NOT_IN_UIS = "number_not_in_uis"
    EMPLOYEE_NOT_LISTED = "employee_not_listed"
    NUMBER_NOT_IN_MEGAPLAN = "number_not_in_megaplan"
    EMPLOYEE_WITHOUT_NUMBER = "employee_without_number"
    UIS_EMPLOYEE_WITHOUT_NUMBER = "uis_employee_without_number"


@dataclass(frozen=True)
class Mismatch:
    """One finding.

    :param told: what is wrong and what to do, without names of people
    :param internal_number: normalised where it could be read, otherwise as typed
    """

    kind: MismatchKind
    told: str
    employee_id: int | None = None
    uis_employee_id: int | None = None
    internal_number: str | None = None
    name: str | None = None
    uis_name: str | None = None


def fired_employee_has_number(employee_id: int, number: str) -> str:
    """Tell of somebody who has left."""
    return (
        f"Employee {employee_id} has left (isWorking is false) and still has number {number}: no calls are given to "
        f"them. Take the entry away ({MEGAPLAN_USERS})."
    )


def number_twice_in_megaplan(number: str, employee_ids: Iterable[int]) -> str:
    """Tell of several employees with one number."""
    return (
        f"Number {number} is given to employees {_listed(employee_ids)}: whose calls they are is unknown, so none of "
        f"them gets any. Leave it to one of them ({MEGAPLAN_USERS})."
    )


def number_twice_in_uis(number: str, uis_employee_ids: Iterable[int]) -> str:
    """Tell of several UIS employees with one number."""
    return (
        f"Number {number} is the extension of UIS employees {_listed(uis_employee_ids)}: nobody is joined by it. "
        f"Give each an extension of their own ({UIS_EMPLOYEES})."
    )


def employee_has_several_numbers(employee_id: int, numbers: Iterable[str]) -> str:
    """Tell of an employee with more than one entry."""
    return (
        f"Employee {employee_id} has the numbers {', '.join(numbers)}: one is needed, and until then they get no "
        f"calls. Leave one entry ({MEGAPLAN_USERS})."
    )


def number_unreadable(employee_id: int | None, typed: str) -> str:
    """Tell of something in the field that is no number."""
    return (
        f"Employee {employee_id or 'unknown'} has {typed[:40]!r} instead of an internal number: write one extension "
        f"such as 101 ({MEGAPLAN_USERS}; the extension stands in {UIS_EMPLOYEES})."
    )


def number_without_employee(number: str) -> str:
    """Tell of an entry of nobody."""
    return f"Number {number} is given to no employee: choose one, or take the entry away ({MEGAPLAN_USERS})."


def number_not_in_uis(employee_id: int, number: str, line_of: tuple[int, str | None] | None) -> str:
    """Tell of a number that no UIS employee has.

    :param line_of: id and extension of the UIS employee who has a telephone line of this number
    """
    told = f"Employee {employee_id} has number {number}, which is no UIS employee's extension: they get no calls. "
    if line_of is None:
        return (
            f"{told}Correct it ({MEGAPLAN_USERS}), or give the extension to the employee ({UIS_EMPLOYEES})."
        )
    uis_employee_id, extension = line_of
    return (
        f"{told}It is the line of UIS employee {uis_employee_id}: write the extension "
        f"{extension or 'that you give them there'} instead ({MEGAPLAN_USERS})."
    )


def employee_not_listed(employee_id: int, number: str) -> str:
    """Tell of a user of telephony who is not among the employees."""
    return (
        f"Employee {employee_id} with number {number} is not in Megaplan's list of employees: joined all the same, "
        "but whether they still work is unknown. Let the connection's user see all employees, or take the entry "
        f"away ({MEGAPLAN_USERS})."
    )


def number_not_in_megaplan(uis_employee_id: int, number: str) -> str:
    """Tell of a UIS employee whom nobody in Megaplan is joined with."""
    return (
        f"UIS employee {uis_employee_id} has extension {number}, which no working Megaplan employee has: their calls "
        f"open no card and are nobody's. Give it to the employee ({MEGAPLAN_USERS})."
    )


def employee_without_number(employee_id: int, same_name: tuple[int, str | None] | None) -> str:
    """Tell of an employee who is not among the users of telephony.

    :param same_name: id and extension of the one UIS employee of the same name who is joined with nobody
    """
    told = f"Employee {employee_id} has no internal number: no call cards, no data of calls. "
    if same_name is None:
        return f"{told}If they telephone, add them with their extension ({MEGAPLAN_USERS})."
    uis_employee_id, extension = same_name
    if extension is None:
        return (
            f"{told}UIS employee {uis_employee_id} has the same name and no extension: give one ({UIS_EMPLOYEES}) "
            f"and write it here ({MEGAPLAN_USERS})."
        )
    return (
        f"{told}UIS employee {uis_employee_id} has the same name and extension {extension}: if it is the same "
        f"person, write it here ({MEGAPLAN_USERS})."
    )


def uis_employee_without_number(uis_employee_id: int) -> str:
    """Tell of a UIS employee without extension."""
    return (
        f"UIS employee {uis_employee_id} has no extension and can be joined with nobody: if they telephone, give one "
        f"({UIS_EMPLOYEES})."
    )


def _listed(ids: Iterable[int]) -> str:
    return ", ".join(str(each) for each in ids)

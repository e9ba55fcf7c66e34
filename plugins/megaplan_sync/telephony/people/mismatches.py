"""Mismatches, which keep people out of the mapping: each message says what is wrong and what to do in which cabinet.

Messages go into task results and asset events, so they contain ids and numbers, no names. The log of the task and
``telephony.mismatches`` have the names beside them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

MEGAPLAN_USERS = "Megaplan: Настройки → Интеграция → Телефония → Настройки телефонии → Пользователи"
"""Where to edit the users of telephony in Megaplan."""
UIS_EMPLOYEES = "UIS: Сотрудники"
"""Where to edit employees and their extensions in UIS."""


class MismatchKind(StrEnum):
    """Kinds of mismatches, the most severe first."""

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
    """One mismatch.

    :param message: what is wrong and what to do, without names
    :param internal_number: normalized if it is valid, otherwise as typed
    """

    kind: MismatchKind
    message: str
    employee_id: int | None = None
    uis_employee_id: int | None = None
    internal_number: str | None = None
    name: str | None = None
    uis_name: str | None = None


def fired_employee_has_number(employee_id: int, number: str) -> str:
    """Describe an employee who has left."""
    return (
        f"Employee {employee_id} has left (isWorking is false) and still has number {number}: they get no calls. "
        f"Remove the entry ({MEGAPLAN_USERS})."
    )


def number_twice_in_megaplan(number: str, employee_ids: Iterable[int]) -> str:
    """Describe employees who share a number."""
    return (
        f"Number {number} is assigned to employees {_listed(employee_ids)}: none of them gets its calls. "
        f"Leave it to one of them ({MEGAPLAN_USERS})."
    )


def number_twice_in_uis(number: str, uis_employee_ids: Iterable[int]) -> str:
    """Describe UIS employees who share an extension."""
    return (
        f"Number {number} is the extension of UIS employees {_listed(uis_employee_ids)}: none of them is "
        f"mapped. Give each an extension of their own ({UIS_EMPLOYEES})."
    )


def employee_has_several_numbers(employee_id: int, numbers: Iterable[str]) -> str:
    """Describe an employee with more than one entry."""
    return (
        f"Employee {employee_id} has the numbers {', '.join(numbers)}: they get no calls. "
        f"Leave one entry ({MEGAPLAN_USERS})."
    )


def number_unreadable(employee_id: int | None, typed: str) -> str:
    """Describe an entry whose number is invalid."""
    return (
        f"Employee {employee_id or 'unknown'} has {typed[:40]!r} instead of an internal number: enter one extension "
        f"such as 101 ({MEGAPLAN_USERS}; extensions are shown in {UIS_EMPLOYEES})."
    )


def number_without_employee(number: str) -> str:
    """Describe an entry without an employee."""
    return f"Number {number} is assigned to no employee: choose one, or remove the entry ({MEGAPLAN_USERS})."


def number_not_in_uis(employee_id: int, number: str, line_of: tuple[int, str | None] | None) -> str:
    """Describe a number that no UIS employee has.

    :param line_of: id and extension of the UIS employee who has a phone line with this number
    """
    problem = f"Employee {employee_id} has number {number}, which is no UIS employee's extension: they get no calls. "
    if line_of is None:
        return f"{problem}Correct it ({MEGAPLAN_USERS}), or give the extension to the employee ({UIS_EMPLOYEES})."
    uis_employee_id, extension = line_of
    return (
        f"{problem}It is the line of UIS employee {uis_employee_id}: enter the extension "
        f"{extension or 'that you give them there'} instead ({MEGAPLAN_USERS})."
    )


def employee_not_listed(employee_id: int, number: str) -> str:
    """Describe a user of telephony who is not in the list of employees."""
    return (
        f"Employee {employee_id} with number {number} is not in Megaplan's list of employees: they are mapped, "
        "but may have left. Let the connection's user see all employees, or remove the entry "
        f"({MEGAPLAN_USERS})."
    )


def number_not_in_megaplan(uis_employee_id: int, number: str) -> str:
    """Describe an extension that no Megaplan employee has."""
    return (
        f"UIS employee {uis_employee_id} has extension {number}, which no working Megaplan employee has: their calls "
        f"open no card and belong to nobody. Assign it to the employee ({MEGAPLAN_USERS})."
    )


def employee_without_number(employee_id: int, same_name: tuple[int, str | None] | None) -> str:
    """Describe an employee who is not among the users of telephony.

    :param same_name: id and extension of the only unmapped UIS employee with the same name
    """
    problem = f"Employee {employee_id} has no internal number: they get no call cards and no calls. "
    if same_name is None:
        return f"{problem}If they use the phone, add them with their extension ({MEGAPLAN_USERS})."
    uis_employee_id, extension = same_name
    if extension is None:
        return (
            f"{problem}UIS employee {uis_employee_id} has the same name and no extension: assign one "
            f"({UIS_EMPLOYEES}) and enter it here ({MEGAPLAN_USERS})."
        )
    return (
        f"{problem}UIS employee {uis_employee_id} has the same name and extension {extension}: if it is the same "
        f"person, enter it here ({MEGAPLAN_USERS})."
    )


def uis_employee_without_number(uis_employee_id: int) -> str:
    """Describe a UIS employee without an extension."""
    return (
        f"UIS employee {uis_employee_id} has no extension and cannot be mapped: if they use the phone, assign one "
        f"({UIS_EMPLOYEES})."
    )


def _listed(ids: Iterable[int]) -> str:
    return ", ".join(str(each) for each in ids)

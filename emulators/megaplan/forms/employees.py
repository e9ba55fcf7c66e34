"""Forms of employees and departments."""

from typing import Any

from ..data.records import Record
from ..data.values import date_only, date_time
from .form import Context, Field, Form, counted, stored


def _is_online(employee: Record, context: Context) -> bool:
    if "isOnline" in employee.data:
        return bool(employee.data["isOnline"])
    return bool(employee.data["isWorking"] and (context.tick * 7 + int(employee.id) * 3) % 5 < 2)


def _last_online(employee: Record, context: Context) -> Any:
    if not employee.data["isWorking"]:
        return date_time(employee.data["lastOnline"])
    return date_time(context.clock.second() - (int(employee.id) * 37 + context.tick * 11) % 3600)


def _birthday(employee: Record, context: Context) -> Any:
    day = employee.data.get("birthday")
    return None if day is None else date_only(day)


def _day(name: str) -> Field:
    def read(employee: Record, context: Context) -> Any:
        day = employee.data.get(name)
        return None if day is None else date_only(day)

    return Field(read)


def _time_created(employee: Record, context: Context) -> Any:
    return date_time(employee.data["created"])


_EMBEDDED = {
    "name": stored("name"),
    "firstName": stored("firstName", ""),
    "middleName": stored("middleName", ""),
    "lastName": stored("lastName", ""),
    "position": stored("position", ""),
    "department": stored("department", refs=("Department",)),
    "uid": stored("uid"),
    "gender": stored("gender"),
    "birthday": Field(_birthday),
    "inn": stored("inn", ""),
    "contactInfo": stored("contactInfo", []),
    "contactInfoCount": counted("contactInfo"),
    "isWorking": stored("isWorking"),
    "nearestVacation": stored("nearestVacation"),
    "isReadable": stored("isReadable", True),
    "isOnline": Field(_is_online),
    "lastOnline": Field(_last_online),
    "canLogin": stored("canLogin"),
    "avatar": stored("avatar", refs=("File",)),
}

_ACTIONS = ["act_read", "act_edit", "can_use_telephony"]


def _actions(employee: Record, context: Context) -> list[str]:
    actions: list[str] = employee.data.get("possibleActions", _ACTIONS)
    return actions


_STATUS = {True: "В штате", False: "Уволен"}


def _status(employee: Record, context: Context) -> dict[str, Any]:
    working = bool(employee.data["isWorking"])
    return {"contentType": "EmployeeStatus", "id": "1" if working else "2", "name": _STATUS[working]}


EMPLOYEE = Form(
    _EMBEDDED
    | {
        "login": stored("login"),
        "fireInProgress": stored("fireInProgress", False),
        "fireDay": _day("fireDay"),
        "appearanceDay": _day("appearanceDay"),
        "status": Field(_status),
        "behaviour": stored("behaviour", ""),
        "locale": stored("locale", "ru"),
        "age": stored("age"),
        "photo": stored("photo"),
        "timeCreated": Field(_time_created),
        "vacancies": stored("vacancies", []),
        "vacanciesCount": counted("vacancies"),
        "mainVacancy": stored("mainVacancy"),
        "possibleActions": Field(_actions),
        "possibleActionsCount": Field(lambda employee, context: len(_actions(employee, context))),
        "availableTransports": stored("availableTransports", ["email"]),
    },
    listed=frozenset(_EMBEDDED),
    embedded=frozenset(_EMBEDDED),
    custom="card",
)

_DEPARTMENT = {
    "name": stored("name"),
    "parent": stored("parent", refs=("Department",)),
    "childs": stored("childs", (), refs=("Department",)),
    "childsCount": counted("childs"),
    "icon": stored("icon"),
    "description": stored("description", ""),
    "orderPos": stored("orderPos", 0),
    "vacancies": stored("vacancies", []),
    "vacanciesCount": counted("vacancies"),
}

DEPARTMENT = Form(_DEPARTMENT, listed=frozenset(_DEPARTMENT), embedded=frozenset({"name"}))

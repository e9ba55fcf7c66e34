"""Departments and employees, two of whom have left."""

from datetime import date
from random import Random
from typing import Any

from ..data.records import Record
from ..data.store import Store
from . import names

EMPLOYEES = 40
FIRST_ID = 1_000_000
_FIRED = frozenset({17, 31})


def seed_employees(store: Store, random: Random, base_time: int) -> None:
    """Fill departments and employees; the first employee is the user whose token is given out."""
    departments = [
        Record("Department", 1_000_040 + place, {"name": name, "orderPos": place})
        for place, name in enumerate(names.DEPARTMENTS)
    ]
    departments[1].data["parent"] = departments[0]
    departments[0].data["childs"] = (departments[1],)
    store.tables["Department"].fill(departments)
    employees = [_employee(place, departments, random, base_time) for place in range(EMPLOYEES)]
    store.tables["Employee"].fill(employees)
    store.employees_by_place = employees
    store.user = employees[0]
    store.user.data["possibleActions"] = [
        "act_read",
        "act_edit",
        "can_use_telephony",
        "settings_services_integration_telephony",
    ]


def _employee(place: int, departments: list[Record], random: Random, base_time: int) -> Record:
    female = random.random() < 0.5
    first = random.choice(names.FEMALE_FIRST if female else names.MALE_FIRST)
    middle = random.choice(names.FEMALE_MIDDLE if female else names.MALE_MIDDLE)
    last = names.LAST[place % len(names.LAST)]
    last = names.feminine(last) if female else last
    id = FIRST_ID + place
    working = place not in _FIRED
    data: dict[str, Any] = {
        "name": " ".join(part for part in (last, first, middle) if part),
        "firstName": first,
        "middleName": middle,
        "lastName": last,
        "position": random.choice(names.JOBS),
        "department": None if place == 39 else departments[place % len(departments)],
        "uid": 1_000_500 + place * 7,
        "gender": "female" if female else "male",
        "birthday": date(1970 + random.randrange(33), random.randrange(12) + 1, random.randrange(28) + 1)
        if random.random() < 0.6
        else None,
        "isWorking": working,
        "canLogin": working,
        "lastOnline": base_time - random.randrange(1, 200) * 86_400,
        "login": f"user{place:02d}",
        "created": base_time - 900 * 86_400,
        "appearanceDay": date(2022, 3, 1 + place % 28),
    }
    if not working:
        data["fireDay"] = date(2026, 2 + place % 3, 9)
    data["contactInfo"] = _contact_info(id, place)
    if place % 9 == 4:
        data["contactInfoCount"] = len(data["contactInfo"]) + 1
    if place % 4 == 0:
        data["avatar"] = _avatar(id, random)
    return Record("Employee", id, data)


def _contact_info(id: int, place: int) -> list[dict[str, Any]]:
    subject = {"contentType": "Employee", "id": str(id)}
    entries: list[dict[str, Any]] = [
        {
            "contentType": "ContactInfo",
            "type": "email",
            "value": f"user{place:02d}@example.org",
            "comment": None,
            "isMain": True,
            "subject": subject,
        },
    ]
    if place % 3:
        entries.append(
            {
                "contentType": "ContactInfo",
                "type": "telegram",
                "value": f"user_{place:02d}",
                "comment": None,
                "isMain": True,
                "subject": subject,
            }
        )
    if place % 5:
        entries.append(
            {
                "contentType": "ContactInfo",
                "type": "phone",
                "value": f"7900{2_000_000 + place * 111:07d}",
                "comment": "",
                "isMain": True,
            }
        )
    return entries


def _avatar(id: int, random: Random) -> Record:
    digest = random.randbytes(16).hex()
    name = f"file-{digest[:6]}.png"
    path = f"/attach/SdfFileM_File/File/100/1/2/{digest}.png"
    data = {
        "name": name,
        "extension": "png",
        "size": random.randrange(20_000, 900_000),
        "path": f"{path}/{name}",
        "thumbnail": "//pc31.megaplan.ru/hosts/demo.megaplan.ru/{width}x{height}" + path,
    }
    return Record("File", 100_000 + id - FIRST_ID, data)

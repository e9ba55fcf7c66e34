"""Companies and people, their phones typed the way people type them, and payers."""

from datetime import date
from random import Random
from typing import Any

from ..data.records import Record
from ..data.store import Store
from . import names

FIRST_ID = 1_000_001
_WITHOUT_NAME, _ALL_PARTS_EMPTY, _DROPPED = 3, 5, 7


def seed_contractors(store: Store, random: Random, count: int, base_time: int) -> None:
    """Fill contractors: two companies of every five, the rest people, most of them of a company."""
    rows: list[Record] = [_own_company(store, base_time)]
    companies: list[Record] = []
    for place in range(count):
        id = FIRST_ID + 1 + place
        if place % 5 in {0, 4}:
            record = _company(id, store, random)
            companies.append(record)
        else:
            company = random.choice(companies) if random.random() < 0.6 else None
            record = _human(id, place, company, store, random)
        _add_shared(record, place, store, random, base_time)
        rows.append(record)
    store.contractors.fill(rows)
    store.tables["Payer"].fill(_payer(record, store) for record in rows if _has_payer(record))


def _add_shared(record: Record, place: int, store: Store, random: Random, base_time: int) -> None:
    employees = store.employees_by_place
    created = base_time - random.randrange(1, 760 * 86_400)
    responsible = random.choice(employees)
    record.data |= {
        "created": created,
        "updated": created + int((base_time - created) * random.random() ** 2),
        "userCreated": responsible,
        "userUpdated": random.choice(employees),
        "responsibles": (responsible,) if place % 8 else (responsible, random.choice(employees[:8])),
        "type": store.find("ContractorType", 1 if place % 9 else 3),
        "contactInfo": _contact_info(record, place, random),
    }
    record.data["responsibles"] = tuple(dict.fromkeys(record.data["responsibles"]))
    ways = store.tables["ContractorAdvertisingWay"]
    if place % 3:
        record.data["advertisingWay"] = ways.get(1 + random.randrange(len(ways)))
    if place % 4 == 1:
        record.data["status"] = store.find("ContractorStatus", 1 + random.randrange(3))
        record.data["activityType"] = store.find("ContractorActivityType", 1 + random.randrange(5))
    if place % 11 == 2:
        record.data["contactInfoCount"] = len(record.data["contactInfo"]) + 1
    if place % 13 == 4:
        record.data["tags"] = (store.find("Tag", 1 + place % 5),)
    if place == _DROPPED:
        record.data["isDropped"] = True


def _own_company(store: Store, base_time: int) -> Record:
    made = base_time - 1000 * 86_400
    own = store.find("ContractorType", 1_000_000)
    return Record(
        "ContractorCompany",
        FIRST_ID,
        {
            "name": "ООО «Наша компания»",
            "type": own,
            "created": made,
            "updated": made,
            "userCreated": store.user,
            "userUpdated": store.user,
            "responsibles": (store.user,),
            "contactInfo": [],
            "contacts": (),
        },
    )


def _company(id: int, store: Store, random: Random) -> Record:
    word = random.choice(names.COMPANY_WORDS) + random.choice(names.COMPANY_TRADES)
    return Record(
        "ContractorCompany", id, {"name": random.choice(names.COMPANY_FORMS).format(word), "contacts": ()}
    )


def _human(id: int, place: int, company: Record | None, store: Store, random: Random) -> Record:
    female = random.random() < 0.5
    first = random.choice(names.FEMALE_FIRST if female else names.MALE_FIRST)
    middle = (
        random.choice(names.FEMALE_MIDDLE if female else names.MALE_MIDDLE) if random.random() < 0.5 else ""
    )
    last = random.choice(names.LAST)
    last = names.feminine(last) if female else last
    if place == _ALL_PARTS_EMPTY + 1:
        first = middle = last = ""
    elif place % 17 == 6:
        last = ""
    name: str | None = " ".join(part for part in (last, first, middle) if part)
    data: dict[str, Any] = {
        "name": None if place == _WITHOUT_NAME else name,
        "firstName": first,
        "middleName": middle,
        "lastName": last,
        "gender": "female" if female else "male",
    }
    if company is not None:
        data["company"] = company
        data["position"] = random.choice(names.JOBS)
    if random.random() < 0.2:
        data["birthday"] = date(
            1965 + random.randrange(38), 1 + random.randrange(12), 1 + random.randrange(28)
        )
    human = Record("ContractorHuman", id, data)
    if company is not None:
        company.data["contacts"] = (*company.data["contacts"], human)
    return human


def typed_phone(number: int, style: int) -> str:
    """Return a subscriber number written in one of the ways people write it."""
    nine = f"9{number % 1_000_000_000:09d}"
    a, b, c, d = nine[:3], nine[3:6], nine[6:8], nine[8:]
    styles = (
        f"7{nine}",
        f"8 ({a}) {b}-{c}-{d}",
        f"+7 {a} {b} {c} {d}",
        f"8{nine}",
        f"+7{nine}",
        f"99890{nine[3:]}",
        f"+7 702 {b} {c} {d}",
        f"8 (495) {b}-{c}-{d} доб. 12",
        f"{a}-{b}-{c}-{d}",
        "нет телефона" if number % 3 else "12",
    )
    return styles[style % len(styles)]


def _contact_info(record: Record, place: int, random: Random) -> list[dict[str, Any]]:
    if place % 10 == 9:
        return []
    subject = record.link()
    entries: list[dict[str, Any]] = [
        _entry("phone", typed_phone(random.getrandbits(32), place // 2), True, subject)
    ]
    if place % 3 == 0:
        entries.append(_entry("email", f"client{record.id}@example.org", True, subject))
    if place % 6 == 1:
        entries.append(_entry("phone", typed_phone(random.getrandbits(32), place // 6), False, None))
    if place % 7 == 3:
        entries.append(
            _entry(("telegram", "whatsapp", "skype", "link")[place % 4], f"client_{record.id}", True, subject)
        )
    if place % 8 == 4:
        entries.append(
            {
                "contentType": "Address",
                "id": str(20_000 + place),
                "city": names.CITIES[place % len(names.CITIES)],
                "address": f"ул. Садовая, {place % 90 + 1}",
                "isMain": True,
                "subject": subject,
            }
        )
    return entries


def _entry(kind: str, value: str, is_main: bool, subject: dict[str, Any] | None) -> dict[str, Any]:
    entry = {
        "contentType": "ContactInfo",
        "type": kind,
        "value": value,
        "comment": "" if subject is None else None,
        "isMain": is_main,
    }
    return entry if subject is None else {**entry, "subject": subject}


def _has_payer(record: Record) -> bool:
    return record.content_type == "ContractorCompany" or int(record.id) % 4 == 0


def _payer(contractor: Record, store: Store) -> Record:
    legal = contractor.content_type == "ContractorCompany"
    number = int(contractor.id)
    data: dict[str, Any] = {
        "name": contractor.data["name"] or "",
        "type": "Legal" if legal else "Natural",
        "country": store.find("Country", "RU" if number % 7 else "KZ"),
        "contractor": contractor,
    }
    if number % 3 == 0:
        data |= {"inn": f"77{number:08d}", "bank": "АО «Банк-Пример»", "bik": "044525000"}
    return Record("Payer", contractor.id, data)

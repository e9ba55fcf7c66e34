"""The made-up account behind the benchmark: the same records for the same numbers on every machine.

A record is built from its index alone. Only a touch (see `Touched`) changes one. Nothing here is taken
from a real account; the shapes follow Megaplan API v3: an entity is printed in full once per response and is
a bare link afterwards, ids are strings, money carries its rate, months of `DateOnly` count from zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]

FIRST_DEAL_ID = 20_001
FIRST_CONTRACTOR_ID = 1_004_001
FIRST_EMPLOYEE_ID = 1_000_101
FIRST_OFFER_ID = 3_001
CONTRACTORS = 120
EMPLOYEES = 30
OFFERS = 40
DEPARTMENTS = 5
POSITIONS_PER_DEAL = 2

_FIRST_CREATED = datetime(2023, 1, 9, 6, 0, tzinfo=UTC)
_CREATED_EVERY = timedelta(minutes=10)
_UPDATED_WITHIN_SECONDS = 60 * 24 * 3600

_FIRST_NAMES = ("Анна", "Борис", "Вера", "Глеб", "Дарья", "Егор", "Жанна", "Захар", "Ирина", "Кирилл")
_LAST_NAMES = ("Андреенко", "Бондарчук", "Васнецов", "Гриценко", "Дьяченко", "Ермоленко", "Жураховский")
_COMPANIES = ("Северный ветер", "Полюс", "Лесная биржа", "Заречье", "Янтарь", "Меридиан", "Стройдвор", "Кедр")
_GOODS = ("Доставка по области", "Монтаж оборудования", "Аудит рекламы", "Настройка аналитики", "Обучение")
_ROLES = ("Менеджер по продажам", "Руководитель группы", "Старший менеджер")

PROGRAMS = {14: "Текущие клиенты", 35: "Новые продажи"}
_CATEGORIES = {14: 1_000_061, 35: 1_000_083}
_STATES = (
    ("Первичный контакт", "active", "#4f3bff"),
    ("Предложение отправлено", "active", "#dd9a5a"),
    ("Согласование договора", "active", "#dd525a"),
    ("В работе", "active", "#22a7f0"),
    ("Успешно завершена", "positive", "#2ecc71"),
    ("Отказ клиента", "negative", "#95a5a6"),
)
CURRENCIES = (("RUB", "Рубли", "₽", 1), ("USD", "Доллары", "$", 77.6502), ("EUR", "Евро", "€", 90.1174))


@dataclass(frozen=True)
class Touched:
    """What the control route did to a deal: how often, and when last."""

    times: int
    at: datetime


class Response:
    """One response: remembers which entities it has already printed in full."""

    def __init__(self) -> None:
        self._printed: set[tuple[str, int]] = set()

    def embed(self, content_type: str, number: int) -> Json:
        """Give the entity in full at its first occurrence in this response, a bare link afterwards."""
        key = (content_type, number)
        if key in self._printed:
            return link(content_type, number)
        self._printed.add(key)
        return _FULL_FORMS[content_type](self, number)


def link(content_type: str, number: int | str) -> Json:
    """Return a bare reference to an entity."""
    return {"contentType": content_type, "id": str(number)}


def date_time(moment: datetime) -> Json:
    """Return Megaplan's DateTime, always in UTC with an explicit offset."""
    return {"contentType": "DateTime", "value": moment.isoformat(timespec="seconds")}


def date_only(moment: datetime) -> Json:
    """Return Megaplan's DateOnly, whose month counts from zero."""
    return {"contentType": "DateOnly", "year": moment.year, "month": moment.month - 1, "day": moment.day}


def money(value: float, currency: int = 0) -> Json:
    """Return an amount in the given currency with its value in the main one."""
    code, _, _, rate = CURRENCIES[currency]
    return {
        "contentType": "Money",
        "currency": code,
        "valueInMain": round(value * rate, 6),
        "rate": rate,
        "value": round(value, 2),
    }


def created_at(index: int) -> datetime:
    """Return when the deal was created: one deal every ten minutes."""
    return _FIRST_CREATED + index * _CREATED_EVERY


def updated_at(index: int, touched: Touched | None) -> datetime:
    """Return when the deal was changed last: within sixty days of its creation unless touched."""
    if touched:
        return touched.at
    return created_at(index) + timedelta(seconds=_mixed(index, 7) % _UPDATED_WITHIN_SECONDS)


def price(index: int, touched: Touched | None) -> float:
    """Return the value of the deal's price in its own currency."""
    goods = sum(_row_price(index, row) * _row_quantity(index, row) for row in range(POSITIONS_PER_DEAL))
    return round(goods + (1000 * touched.times if touched else 0), 2)


def contractor_type(number: int) -> str:
    """Return the concrete type of a contractor: every third is a person."""
    return "ContractorHuman" if number % 3 == 0 else "ContractorCompany"


def deal(response: Response, index: int, touched: Touched | None) -> Json:
    """Return a deal as a list prints it, about 3 KB of JSON with what it embeds."""
    number = FIRST_DEAL_ID + index
    program = 14 if index % 5 else 35
    state = _mixed(index, 3) % len(_STATES)
    contractor = FIRST_CONTRACTOR_ID + _mixed(index, 11) % CONTRACTORS
    currency = 0 if index % 8 else 1 + index % 2
    total = money(price(index, touched), currency)
    changed = updated_at(index, touched)
    name = f"{_GOODS[index % len(_GOODS)]} для «{_COMPANIES[contractor % len(_COMPANIES)]}»"
    manager = FIRST_EMPLOYEE_ID + _mixed(index, 5) % EMPLOYEES
    return {
        "contentType": "Deal",
        "id": str(number),
        "number": f"СД-{number}",
        "name": f"{name} (изменена {touched.times})" if touched else name,
        "contractor": response.embed(contractor_type(contractor), contractor),
        "contact": None,
        "manager": response.embed("Employee", manager),
        "payer": None,
        "price": total,
        "cost": money(_row_price(index, 0) * 0.6, currency),
        "state": response.embed("ProgramState", program * 10 + state),
        "stateTimeUpdated": date_time(created_at(index) + timedelta(days=state)),
        "result": _STATES[state][1],
        "timeCreated": date_time(created_at(index)),
        "timeUpdated": date_time(changed),
        "positions": [_position(response, index, row, currency) for row in range(POSITIONS_PER_DEAL)],
        "program": response.embed("Program", program),
        "isFavorite": index % 9 == 0,
        "unreadCommentsCount": index % 4,
        **_custom_fields(response, index, program),
    }


def deal_times(index: int, touched: Touched | None) -> Json:
    """Return a deal as a list prints it when only its times are asked for."""
    return {
        **link("Deal", FIRST_DEAL_ID + index),
        "timeCreated": date_time(created_at(index)),
        "timeUpdated": date_time(updated_at(index, touched)),
    }


def contractor(response: Response, number: int) -> Json:
    """Return a contractor as `/contractor` lists it: the embedded form and its times."""
    created = _FIRST_CREATED + timedelta(minutes=number - FIRST_CONTRACTOR_ID)
    return {
        **_contractor(response, number),
        "timeCreated": date_time(created),
        "timeUpdated": date_time(created + timedelta(hours=number % 97)),
        "advertisingWay": link("ContractorAdvertisingWay", 1 + number % len(_ADVERTISING)),
    }


def states(program: int) -> list[Json]:
    """Return the stages of a pipeline in their order."""
    response = Response()
    return [response.embed("ProgramState", program * 10 + place) for place in range(len(_STATES))]


def currencies() -> list[Json]:
    """Return the currencies of the account."""
    return [
        {
            **link("Currency", place),
            "name": name,
            "abbreviation": code,
            "sign": sign,
            "rate": rate,
            "isBase": rate == 1,
        }
        for place, (code, name, sign, rate) in enumerate(CURRENCIES, start=1)
    ]


def departments() -> list[Json]:
    """Return the departments of the account."""
    return [{**link("Department", 69 + place), "name": f"Отдел {place + 1}"} for place in range(DEPARTMENTS)]


def contractor_types() -> list[Json]:
    """Return the kinds of contractors."""
    return [
        {**link("ContractorType", place), "name": name, "type": kind}
        for place, (name, kind) in enumerate((("Клиент", "client"), ("Партнёр", "partner")), start=1)
    ]


def advertising_ways() -> list[Json]:
    """Return the advertising channels."""
    return [
        {**link("ContractorAdvertisingWay", place), "name": name, "isDefault": place == 1}
        for place, name in enumerate(_ADVERTISING, start=1)
    ]


def custom_field_definitions() -> list[Json]:
    """Return what `/deal/extraFields` says of the custom fields of both pipelines."""
    return [
        {
            "contentType": f"{kind}Field",
            "id": str(place * 100 + program),
            "name": f"Category{_CATEGORIES[program]}CustomField{suffix}",
            "hrName": title,
            "type": kind,
            "isRequired": False,
            "isMultiple": kind == "RefSet",
            "orderPos": place,
            "isSystem": False,
            "isSortable": kind in ("String", "Integer"),
            "settings": [],
        }
        for program in PROGRAMS
        for place, (suffix, title, kind) in enumerate(_CUSTOM_FIELDS, start=1)
    ]


_ADVERTISING = ("Сайт", "Рекомендация", "Выставка", "Холодный звонок")
_CUSTOM_FIELDS = (
    ("SsilkaNaDisk", "Ссылка на диск", "String"),
    ("VidSdelki", "Вид сделки", "Enum"),
    ("NachaloRabot", "Начало работ", "Date"),
    ("VstrechaNaznachena", "Встреча назначена", "DateTime"),
    ("PlanovayaPribil", "Плановая прибыль", "Money"),
    ("DogovorPodpisan", "Договор подписан", "Bool"),
    ("Skidka", "Скидка", "Float"),
    ("KolichestvoTochek", "Количество точек", "Integer"),
    ("Soispolniteli", "Соисполнители", "RefSet"),
    ("Primechanie", "Примечание", "String"),
)


def _custom_fields(response: Response, index: int, program: int) -> Json:
    helper = FIRST_EMPLOYEE_ID + _mixed(index, 13) % EMPLOYEES
    values = (
        f"https://disk.example.org/d/{_mixed(index, 17):08x}",
        "Спецпроект" if index % 3 else "Абонентское обслуживание",
        date_only(created_at(index) + timedelta(days=30)) if index % 4 else None,
        date_time(created_at(index) + timedelta(days=7)),
        money(_mixed(index, 19) % 90_000),
        index % 2 == 0,
        round((_mixed(index, 23) % 300) / 10, 1),
        _mixed(index, 29) % 50,
        [response.embed("Employee", helper)] if index % 3 == 0 else [],
        "Клиент просит перезвонить после обеда и выслать расчёт на почту" if index % 2 else "",
    )
    prefix = f"Category{_CATEGORIES[program]}CustomField"
    return {prefix + suffix: value for (suffix, _, _), value in zip(_CUSTOM_FIELDS, values, strict=True)}


def _position(response: Response, index: int, row: int, currency: int) -> Json:
    number = (FIRST_DEAL_ID + index) * 10 + row
    catalogue = FIRST_OFFER_ID + _mixed(index * 2 + row, 31) % OFFERS
    row_price = _row_price(index, row)
    quantity = _row_quantity(index, row)
    goods = _GOODS[catalogue % len(_GOODS)]
    return {
        "contentType": "OfferRow",
        "id": str(number),
        "name": goods,
        "quantity": quantity,
        "unit": response.embed("Unit", 1 + row),
        "price": money(row_price, currency),
        "sum": money(row_price * quantity, currency),
        "discount": {"contentType": "Discount", "type": "absolute", "valueInMain": 0},
        "offer": {
            "contentType": "Offer",
            "id": str(number + 5),
            "originalOffer": response.embed("Offer", catalogue),
        },
    }


def _contractor(response: Response, number: int) -> Json:
    content_type = contractor_type(number)
    person = content_type == "ContractorHuman"
    first_name = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    last_name = _LAST_NAMES[number % len(_LAST_NAMES)]
    names: Json = (
        {"firstName": first_name, "middleName": "", "lastName": last_name, "company": None}
        if person
        else {"name": f"ООО «{_COMPANIES[number % len(_COMPANIES)]} {number % 1000}»"}
    )
    return {
        **link(content_type, number),
        "humanNumber": number - 1_000_000,
        **names,
        "type": response.embed("ContractorType", 1),
        "responsibles": [response.embed("Employee", FIRST_EMPLOYEE_ID + number % EMPLOYEES)],
        "responsiblesCount": 1,
        "contactInfo": [
            _contact_info("phone", f"7900{number:07d}"),
            _contact_info("email", f"client{number}@example.org"),
        ],
        "contactInfoCount": 2,
        "description": "",
        "isDropped": False,
        "canSeeFull": True,
    }


def _employee(response: Response, number: int) -> Json:
    first_name = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    last_name = _LAST_NAMES[number // 2 % len(_LAST_NAMES)]
    return {
        **link("Employee", number),
        "name": f"{last_name} {first_name}",
        "firstName": first_name,
        "middleName": "",
        "lastName": last_name,
        "position": _ROLES[number % len(_ROLES)],
        "department": response.embed("Department", 69 + number % DEPARTMENTS),
        "uid": number + 8000,
        "contactInfo": [_contact_info("email", f"manager{number}@example.org")],
        "contactInfoCount": 1,
        "isWorking": number % 10 != 0,
        "canLogin": number % 10 != 0,
        "isOnline": number % 2 == 0,
        "lastOnline": date_time(_FIRST_CREATED),
    }


def _contact_info(kind: str, value: str) -> Json:
    return {"contentType": "ContactInfo", "type": kind, "value": value, "comment": "", "isMain": True}


def _program_state(_response: Response, number: int) -> Json:
    name, kind, color = _STATES[number % 10]
    return {
        **link("ProgramState", number),
        "name": name,
        "type": kind,
        "color": color,
        "isEntry": number % 10 == 0,
    }


def _program(_response: Response, number: int) -> Json:
    return {**link("Program", number), "name": PROGRAMS[number], "isBpm": False}


def _offer(response: Response, number: int) -> Json:
    return {
        **link("Offer", number),
        "name": _GOODS[number % len(_GOODS)],
        "article": f"A-{number}",
        "unit": response.embed("Unit", 1),
        "price": money(1500 + number % 700),
        "isDropped": False,
    }


_FULL_FORMS: Mapping[str, Callable[[Response, int], Json]] = {
    "ContractorHuman": _contractor,
    "ContractorCompany": _contractor,
    "Employee": _employee,
    "ProgramState": _program_state,
    "Program": _program,
    "Offer": _offer,
    "Department": lambda _response, number: {**link("Department", number), "name": f"Отдел {number - 68}"},
    "ContractorType": lambda _response, _number: contractor_types()[0],
    "Unit": lambda _response, number: {**link("Unit", number), "name": "шт." if number == 1 else "час"},
}


def _row_price(index: int, row: int) -> float:
    return 1000 + _mixed(index * 2 + row, 37) % 900_000 / 100


def _row_quantity(index: int, row: int) -> int:
    return 1 + _mixed(index * 2 + row, 41) % 4


def _mixed(index: int, salt: int) -> int:
    """Spread neighbouring indexes over 32 bits, the same on every machine."""
    value = (index * 2_654_435_761 + salt * 40_503) & 0xFFFFFFFF
    return (value ^ value >> 15) * 2_246_822_519 >> 13 & 0xFFFFFFFF

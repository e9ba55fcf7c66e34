"""Small directories: types, statuses, currencies, taxes, units, countries, tags, saved filters."""

from typing import Any

from ..data.records import Record
from ..data.store import Store
from . import names

_CARD_FIELDS = [
    "name",
    "attaches",
    "company",
    "gender",
    "position",
    "locations",
    "type",
    "responsibles",
    "phones",
]


def seed_directories(store: Store) -> None:
    """Fill every small directory."""
    _fill(
        store,
        "Currency",
        {
            1: {"name": "Рубли", "abbreviation": "RUB", "sign": "₽", "rate": 1, "isBase": True},
            2: {"name": "Доллары", "abbreviation": "USD", "sign": "$", "rate": 77.6502},
            3: {"name": "Евро", "abbreviation": "EUR", "sign": "€", "rate": 89.1247},
        },
    )
    _fill(
        store,
        "Tax",
        {1: {"name": "0 %", "rate": 0}, 2: {"name": "20 %", "rate": 20}, 3: {"name": "10 %", "rate": 10}},
    )
    _fill(store, "Unit", {1: {"name": "шт."}, 2: {"name": "м"}, 3: {"name": "ч"}, 4: {"name": "компл."}})
    _fill(
        store,
        "Country",
        {
            "RU": {"name": "Россия", "isDefault": True},
            "KZ": {"name": "Казахстан"},
            "UZ": {"name": "Узбекистан"},
        },
    )
    _fill(store, "OfferCategory", {1: {"name": "Номенклатура"}, 2: {"name": "Услуги", "type": "service"}})
    _fill(
        store,
        "ContractorType",
        {
            1: {
                "name": "Клиент",
                "type": "client",
                "requiredFields": ["name"],
                "visibleInCardFields": _CARD_FIELDS,
            },
            2: {
                "name": "Контакт",
                "type": "contact",
                "requiredFields": [],
                "visibleInCardFields": _CARD_FIELDS,
            },
            3: {
                "name": "Поставщик",
                "type": "supplier",
                "requiredFields": ["name"],
                "visibleInCardFields": _CARD_FIELDS,
            },
            1000000: {
                "name": "Наша компания",
                "type": "own",
                "requiredFields": ["name"],
                "visibleInCardFields": _CARD_FIELDS,
            },
        },
    )
    _numbered(store, "ContractorStatus", names.CONTRACTOR_STATUSES)
    _numbered(store, "ContractorActivityType", names.ACTIVITY_TYPES)
    _numbered(store, "ContractorAdvertisingWay", names.ADVERTISING_WAYS)
    _numbered(store, "Tag", names.TAGS)
    for filter_type, title in (("TradeFilter", "сделки"), ("CrmFilter", "клиенты")):
        _fill(
            store, filter_type, {"all": {"title": f"Все {title}"}, "active": {"title": f"Активные {title}"}}
        )
    _fill(store, "OfferFilter", {"all": {"title": "Все товары"}})
    _fill(store, "InvoiceFilter", {"all": {"title": "Все счета"}})


def seed_saved_filter(store: Store) -> None:
    """Add one saved filter with a condition: deals won."""
    won = [state.link() for state in store.tables["ProgramState"] if state.data["type"] == "positive"]
    term = {"contentType": "FilterTermRef", "field": "state", "comparison": "equals", "value": won}
    group = {"contentType": "FilterTermGroup", "join": "and", "terms": [term]}
    config = {"contentType": "FilterConfig", "termGroup": group, "filterId": 57}
    store.tables["TradeFilter"].fill([Record("TradeFilter", 57, {"title": "Выигранные", "config": config})])


def _fill(store: Store, content_type: str, rows: dict[Any, dict[str, Any]]) -> None:
    store.tables[content_type].fill(Record(content_type, id, data) for id, data in rows.items())


def _numbered(store: Store, content_type: str, titles: tuple[str, ...]) -> None:
    _fill(store, content_type, {number: {"name": title} for number, title in enumerate(titles, start=1)})

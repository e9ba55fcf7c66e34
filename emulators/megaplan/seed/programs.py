"""Programs with their states, transitions and triggers."""

from dataclasses import dataclass
from typing import Any

from ..data.records import Record
from ..data.store import Store

_COLORS = ("#4f3bff", "#dd525a", "#8100e5", "#00b27a", "#f5a623", "#3f8ae0", "#84216b", "#593f3d")


@dataclass(frozen=True)
class ProgramSeed:
    """What one program is made of; ``weight`` is its share of the deals."""

    id: int
    category: int
    name: str
    active: tuple[str, ...]
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    weight: int
    is_active: bool = True
    hides_money: bool = False


PROGRAMS = (
    ProgramSeed(
        14,
        1000061,
        "Продажа оборудования",
        (
            "Новая заявка",
            "Квалификация",
            "Коммерческое предложение",
            "Согласование договора",
            "Ожидание оплаты",
            "Отгрузка",
        ),
        ("Успешно реализовано", "Закрыто с допродажей"),
        ("Отказ клиента", "Нецелевая заявка", "Проиграли тендер"),
        weight=55,
    ),
    ProgramSeed(
        35,
        1000083,
        "Сервисное обслуживание",
        ("Обращение", "Диагностика", "Ремонт", "На поддержке"),
        ("Выполнено",),
        ("Не состоялось", "Дубль"),
        weight=28,
    ),
    ProgramSeed(
        41,
        1000095,
        "Партнёрские обращения",
        ("Знакомство", "Переговоры", "Пилот"),
        ("Партнёр подключён",),
        ("Не договорились",),
        weight=12,
        hides_money=True,
    ),
    ProgramSeed(
        9,
        1000012,
        "Продажи (до 2025 года)",
        ("Новая", "В работе"),
        ("Продано",),
        ("Отказ",),
        weight=5,
        is_active=False,
    ),
)


def seed_programs(store: Store) -> None:
    """Fill programs and everything that belongs to them."""
    for place, seed in enumerate(PROGRAMS):
        program = Record("Program", seed.id, {"name": seed.name})
        states = _states(seed, program, 100 + place * 40)
        transitions = _transitions(states, 500 + place * 100)
        triggers = [
            Record(
                "ProgramTrigger",
                300 + place * 10,
                {"name": "Создать счёт", "possibleOperations": ["CreateInvoice"]},
            ),
            Record(
                "ProgramTrigger",
                301 + place * 10,
                {"name": "Повторная сделка", "possibleOperations": ["CreateDeal"]},
            ),
        ]
        program.data |= {
            "isActive": seed.is_active,
            "hidesMoney": seed.hides_money,
            "categoryId": seed.category,
            "states": tuple(states),
            "seededStates": tuple(states),
            "transitions": tuple(transitions),
            "triggers": tuple(triggers),
            "roles": _roles(60 + place * 10),
            "bmpSettings": _settings(seed),
        }
        store.tables["Program"].fill([program])
        store.tables["ProgramState"].fill(states)
        store.tables["ProgramTransition"].fill(transitions)
        store.tables["ProgramTrigger"].fill(triggers)


def _states(seed: ProgramSeed, program: Record, first_id: int) -> list[Record]:
    kinds = [("active", name) for name in seed.active]
    kinds += [("positive", name) for name in seed.positive] + [("negative", name) for name in seed.negative]
    states = []
    for place, (kind, name) in enumerate(kinds):
        data = {
            "name": name,
            "entryPointName": name,
            "type": kind,
            "color": _COLORS[(place + seed.id) % len(_COLORS)],
            "description": f"<p>{name}</p>" if place % 2 else "",
            "isEntry": place == 0,
            "program": program,
        }
        # Ids run against the order of the pipeline: only the order of the array counts.
        states.append(Record("ProgramState", first_id + (len(kinds) - place) * 3 % 29, data))
    return states


def _transitions(states: list[Record], first_id: int) -> list[Record]:
    actives = [state for state in states if state.data["type"] == "active"]
    finals = [state for state in states if state.data["type"] != "active"]
    pairs = [
        (state, target)
        for place, state in enumerate(actives)
        for target in [*actives[place + 1 : place + 3], *finals]
    ]
    pairs += [(final, actives[0]) for final in finals]
    transitions = []
    for place, (source, target) in enumerate(pairs):
        data: dict[str, Any] = {"from": source, "to": target, "name": "", "description": ""}
        if source is actives[0] and target.data["type"] == "positive":
            data |= {"enabled": False, "reasons": ["Не заполнено поле «Плательщик»"]}
        transitions.append(Record("ProgramTransition", first_id + place, data))
    return transitions


def _roles(first_id: int) -> list[dict[str, Any]]:
    fields = (("manager", "Менеджер", False), ("auditors", "Аудиторы", True))
    return [
        {
            "contentType": "ProgramRole",
            "id": str(first_id + place),
            "linkedField": {
                "contentType": "RefLinkField",
                "id": str(1_000_000 + first_id + place),
                "hrName": title,
                "name": name,
                "type": "RefLink",
                "orderPos": 9000 + first_id + place,
                "isSystem": True,
                "isSortable": True,
                "targetEntity": "bums\\trade\\api\\v03\\Entity\\Deal",
                "settings": [],
                "settingsCount": 0,
                "isRequired": False,
                "refContentType": ["Employee", "ContractorHuman", "ContractorCompany"],
            },
            "valueContentTypes": ["Employee"],
            "name": title,
            "isMultiple": multiple,
        }
        for place, (name, title, multiple) in enumerate(fields)
    ]


def _settings(seed: ProgramSeed) -> dict[str, Any]:
    plural = (("one", "сделка"), ("few", "сделки"), ("many", "сделок"), ("other", "сделки"))
    return {
        "contentType": "BpmProgramSettings",
        "gender": "female",
        "slug": f"program{seed.id}",
        "pluralNames": [
            {"contentType": "ProgramPluralForm", "type": kind, "name": name} for kind, name in plural
        ],
        "withDuplicatesFinder": False,
    }

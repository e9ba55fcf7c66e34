"""The account at the start: the same seed gives the same employees, numbers and contacts.

Employees have ids from 501 and extensions from 101; virtual number ``7495000000N`` runs scenario N:

1. everybody of the sales group rings at once
2. interactive processing (knob ``interactive_url``); its failures and code 0 go to the group
3. the group one after another
4. menu only
5. queue, then the group
6. the group, then voice mail
"""

from random import Random

from .directory import Contact, Directory, Scenario, Tag, VirtualNumber
from .employees import Employee, Group, Phone
from .statuses import standard_statuses

_LAST = [
    "Иванова",
    "Смирнов",
    "Кузнецова",
    "Попов",
    "Соколова",
    "Лебедев",
    "Козлова",
    "Новиков",
    "Морозова",
    "Волков",
]
_FIRST = {"а": ["Анна", "Мария", "Ольга", "Елена", "Ирина"], "": ["Пётр", "Олег", "Иван", "Сергей", "Антон"]}


def build_directory(seed: int, employees: int) -> Directory:
    """Return the directories of a new account."""
    random = Random(seed)
    statuses = standard_statuses()
    staff: dict[int, Employee] = {}
    for index in range(employees):
        last, first = _name(random)
        phones = [Phone(9001 + index * 2, f"{100001 + index:07d}", 1, 30)]
        if index % 2 == 0:
            phones.append(Phone(9002 + index * 2, f"7916{1000000 + index:07d}", 1, 30))
        if index % 7 == 3:
            phones.append(Phone(5001 + index, f"74955140578...{2345 + index}", 1, 30, "inactive"))
        staff[501 + index] = Employee(
            501 + index,
            last,
            first,
            None,
            f"user{index + 1}",
            f"user{index + 1}@example.test",
            str(101 + index),
            statuses[0],
            phones,
        )
    sales = Group(1, "Отдел продаж", list(staff)[: max(1, min(3, employees))])
    contacts = {}
    for index in range(5):
        last, first = _name(random)
        manager = 501 + index if 501 + index in staff else None
        contacts[7001 + index] = Contact(7001 + index, last, first, None, [f"7900000000{index + 1}"], manager)
    numbers = [
        VirtualNumber(300 + index, f"7495000000{index}", f"Номер {index}", index) for index in range(1, 7)
    ]
    tags = [
        Tag(1, "Не обработано", True),
        Tag(2, "Целевой", True),
        Tag(88, "Нецелевой контакт"),
        Tag(456, "Повтор"),
    ]
    return Directory(
        100_000 + seed,
        f"Компания {seed}",
        statuses,
        staff,
        [sales, Group(2, "Все", list(staff))],
        numbers,
        _scenarios(),
        contacts,
        tags,
        {2701: "music.mp3", 2561: "hint.mp3"},
    )


def _name(random: Random) -> tuple[str, str]:
    last = random.choice(_LAST)
    return last, random.choice(_FIRST["а" if last.endswith("а") else ""])


def _scenarios() -> dict[int, Scenario]:
    group = {"mnemonic": "dialing", "name": "Переадресация на группу", "group": 1, "mode": "simultaneous"}
    in_turn = {**group, "mode": "sequential"}
    ask = {
        "mnemonic": "integration",
        "name": "Интерактивная обработка вызова",
        "branches": {"http_request_failed": 1, "dial_failed": 1, "0": 1, "play_done": None},
    }
    ivr = {"mnemonic": "ivr", "name": "Меню", "seconds": 20}
    queue = {"mnemonic": "queue", "name": "Очередь", "seconds": 15}
    voice_mail = {"mnemonic": "voice_mail", "name": "Голосовая почта"}
    found = {
        1: Scenario(1, "Все сразу", [group]),
        2: Scenario(2, "Ответственный", [ask, group]),
        3: Scenario(3, "По очереди", [in_turn]),
        4: Scenario(4, "Только меню", [ivr]),
        5: Scenario(5, "Очередь", [queue, group]),
        6: Scenario(6, "Голосовая почта", [group, voice_mail]),
    }
    for scenario in found.values():
        scenario.operations = [
            {**operation, "id": scenario.id * 100 + index}
            for index, operation in enumerate(scenario.operations)
        ]
    return found

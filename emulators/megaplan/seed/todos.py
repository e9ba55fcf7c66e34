"""Categories and statuses of todos, and a few todos on contractors and deals."""

from ..data.records import Deal, Record
from ..data.store import Store
from ..writing.todo_times import interval_time

FIRST_ID = 500_001
_STATUSES = {
    1: ("Запланировано", "scheduled"),
    2: ("Завершено", "finished"),
    3: ("Выполнено", "success"),
    4: ("Не выполнено", "fail"),
    5: ("Завершено без результата", "finish_without_result"),
}
# 1 and 6 are the call and the todo of every account looked at; the last one is the account's own
_CATEGORIES = {
    1: ("Звонок", "call"),
    2: ("Встреча", "meeting"),
    3: ("Событие", "event"),
    4: ("Личное", "private"),
    6: ("Дело", "todo"),
    1_000_008: ("Звонок по заявке", "call"),
}
_NAMES = ("Перезвонить клиенту", "Отправить договор", "Показать образцы", "Уточнить сроки поставки")


def seed_todo_directories(store: Store) -> None:
    """Fill categories, statuses and saved filters."""
    for content_type, rows in (("TodoStatus", _STATUSES), ("TodoCategory", _CATEGORIES)):
        store.tables[content_type].fill(
            Record(content_type, id, {"name": name, "masterType": kind}) for id, (name, kind) in rows.items()
        )
    store.tables["TodoFilter"].fill(
        [
            Record("TodoFilter", "all", {"title": "Все дела"}),
            Record("TodoFilter", "my", {"title": "Мои дела"}),
        ]
    )


def seed_todos(store: Store, base_time: int) -> None:
    """Add a dozen todos: on contractors, three of them also on a deal, every other one done."""
    categories = list(store.tables["TodoCategory"])
    statuses = store.tables["TodoStatus"].rows
    contractors = [row for row in store.contractors if not row.data.get("isDropped")][1:13]
    deals = [deal for deal in store.deals if isinstance(deal, Deal)][::100][:3]
    for place, contractor in enumerate(contractors):
        start = base_time + (place - 6) * 86_400 + 4 * 3600
        employee = store.employees_by_place[place % 10]
        done = place % 2 == 0
        relations = (contractor, deals[place]) if place < len(deals) else (contractor,)
        data = {
            "name": _NAMES[place % len(_NAMES)],
            "status": statuses[3 if done else 1],
            "category": categories[place % len(categories)],
            "when": interval_time(start, start + 900) if place % 4 else None,
            "start": start if place % 4 else None,
            "end": start + 900 if place % 4 else None,
            "responsible": employee,
            "participants": (),
            "relations": relations,
            "userCreated": employee,
            "created": base_time - (20 - place) * 86_400,
            "isDropped": False,
        }
        todo = Record("Todo", FIRST_ID + place, data)
        store.tables["Todo"].fill([todo])
        store.attachments.place_todo(todo)

"""Custom fields of the seeded account: every type, a cut name, a collision, a name shared by two programs."""

from typing import Any

from ..data.custom_fields import CustomField, make_key
from ..data.store import Store
from .programs import PROGRAMS

DEAL_ENTITY = "bums\\trade\\api\\v03\\Entity\\Deal"
CONTRACTOR_ENTITY = "bums\\crm\\api\\v03\\Entity\\Contractor"
OFFER_ENTITY = "bums\\trade\\api\\v03\\Entity\\Offer"
EMPLOYEE_ENTITY = "bums\\staff\\api\\v03\\Entity\\Employee"
CONTRACTOR_CATEGORY, OFFER_CATEGORY, EMPLOYEE_CATEGORY = 183, 1000047, 1000003

Row = tuple[str, str] | tuple[str, str, dict[str, Any]]

_SALES: tuple[Row, ...] = (
    ("Внешний номер", "BigInt"),
    ("Договор подписан", "Bool"),
    ("Начало работ", "Date"),
    ("Дата и время отгрузки", "DateTime"),
    ("Срок поставки", "Duration"),
    ("Вид сделки", "Enum", {"choices": ("Спецпроект", "Повторная", "Тендер")}),
    ("Запись во внешней системе", "ExternalSource"),
    ("Вероятность", "Float"),
    ("Количество точек", "Integer"),
    ("Плановая прибыль", "Money"),
    ("Оценка клиента", "Rating"),
    ("Куратор", "RefLink", {"ref_types": ("Employee",)}),
    ("Рабочая группа", "RefSet", {"ref_types": ("Employee",), "is_multiple": True}),
    ("Скан договора", "Resource"),
    ("Ссылка на диск", "String"),
    ("Статус оплаты", "Enum", {"choices": ("Не оплачено", "Частично", "Оплачено")}),
    ("Статус оплаты", "String"),
    ("Ответственный за согласование спецификации и условий поставки", "String"),
    ("Каналы связи", "Enum", {"choices": ("Телефон", "Почта", "Мессенджер"), "is_multiple": True}),
    ("Условия", "String", {"settings": {"isHtml": True}}),
)
_SERVICE: tuple[Row, ...] = (
    ("Вид сделки", "Enum", {"choices": ("Гарантия", "Платный ремонт")}),
    ("Серийный номер", "String", {"is_required": True}),
    ("Выезд назначен", "DateTime"),
    ("Стоимость запчастей", "Money"),
    ("Гарантийный случай", "Bool"),
)
_PARTNERS: tuple[Row, ...] = (("Сфера интересов", "String"), ("Подписано соглашение", "Bool"))
_OLD: tuple[Row, ...] = (("Номер инвойса", "String"),)
_CONTRACTOR: tuple[Row, ...] = (
    ("Договор утверждённый", "Bool"),
    ("ИНН", "String"),
    ("Дата заключения договора", "Date"),
    ("Страна", "Enum", {"choices": ("Россия", "Казахстан", "Узбекистан")}),
    ("Персональный менеджер", "RefLink", {"ref_types": ("Employee",)}),
    ("Кредитный лимит", "Money"),
)
_OFFER: tuple[Row, ...] = (("Бренд", "String"), ("Себестоимость", "Money"), ("Дата исполнения", "Date"))
_EMPLOYEE: tuple[Row, ...] = (("Не беспокоить", "Bool"), ("Табельный номер", "String"))


def seed_custom_fields(store: Store) -> None:
    """Define the custom fields of every kind of entity."""
    for program, rows in zip(PROGRAMS, (_SALES, _SERVICE, _PARTNERS, _OLD), strict=True):
        for row in rows:
            define(store, f"Deal/{program.id}", program.category, row)
    for scope, category, rows in (
        ("Contractor", CONTRACTOR_CATEGORY, _CONTRACTOR),
        ("Offer", OFFER_CATEGORY, _OFFER),
        ("Employee", EMPLOYEE_CATEGORY, _EMPLOYEE),
    ):
        for row in rows:
            define(store, scope, category, row)


def define(store: Store, scope: str, category: int, row: Row) -> CustomField:
    """Add one custom field; its key comes from its title and never changes afterwards."""
    title, kind = row[0], row[1]
    options: dict[str, Any] = row[2] if len(row) == 3 else {}
    group = store.custom.setdefault(scope, [])
    taken = {field.key for field in group}
    number = max((field.id for fields in store.custom.values() for field in fields), default=1_000_300) + 1
    field = CustomField(
        id=number,
        key=make_key(category, title, taken),
        title=title,
        kind=kind,
        scope=scope,
        target=_TARGETS[scope.split("/")[0]],
        order=9_600 + len(group),
        **options,
    )
    group.append(field)
    return field


def category_of(store: Store, scope: str) -> int:
    """Return the category number in the keys of a scope's fields."""
    if scope.startswith("Deal/"):
        program = store.find("Program", scope.removeprefix("Deal/"))
        return 0 if program is None else int(program.data["categoryId"])
    return {"Contractor": CONTRACTOR_CATEGORY, "Offer": OFFER_CATEGORY, "Employee": EMPLOYEE_CATEGORY}[scope]


_TARGETS = {
    "Deal": DEAL_ENTITY,
    "Contractor": CONTRACTOR_ENTITY,
    "Offer": OFFER_ENTITY,
    "Employee": EMPLOYEE_ENTITY,
}

"""Custom fields: their definitions, keys and the values every entity has for them."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from .records import Record
from .values import date_only, date_time, local_midnight, money

if TYPE_CHECKING:
    from .store import Store

KEY_LIMIT = 62

_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "h",
            "ts",
            "ch",
            "sh",
            "shch",
            "",
            "i",
            "",
            "e",
            "yu",
            "ya",
        ],
        strict=True,
    )
)
_PHRASES = ("Спецпроект", "Повторная продажа", "Тендер", "По рекомендации", "Выставка", "4 квартал 2025")
_BASE_DAY = date(2024, 10, 1)


@dataclass
class CustomField:
    """Definition of one custom field of one kind of entity."""

    id: int
    key: str
    title: str
    kind: str
    scope: str
    target: str
    is_required: bool = False
    is_multiple: bool = False
    choices: tuple[str, ...] = ()
    ref_types: tuple[str, ...] = ()
    order: int = 0
    settings: dict[str, Any] = field(default_factory=dict)


def transliterate(title: str) -> str:
    """Return a title as Megaplan spells it in keys: Latin words in CamelCase."""
    words = re.findall(r"[^\W_]+", title.lower())
    latin = ("".join(_LATIN.get(letter, letter) for letter in word) for word in words)
    return "".join(word[:1].upper() + word[1:] for word in latin)


def make_key(category: int, title: str, taken: set[str]) -> str:
    """Return the key of a new field: cut to its limit, with a digit when it is taken."""
    key = f"Category{category}CustomField{transliterate(title)}"[:KEY_LIMIT]
    candidate, suffix = key, 0
    while candidate in taken:
        suffix += 1
        candidate = f"{key[: KEY_LIMIT - len(str(suffix))]}{suffix}"
    return candidate


def _noise(seed: int, scope: int, field_id: int) -> int:
    """Return 64 bits that depend on the arguments only (splitmix64)."""
    mixed = (seed * 0x9E3779B97F4A7C15 + scope * 0xBF58476D1CE4E5B9 + field_id * 0x94D049BB133111EB) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)


_MASK = (1 << 64) - 1

_EMPTY: dict[str, Any] = {"Bool": False, "String": "", "Enum": "", "ExternalSource": "", "Resource": []}


def empty_value(definition: CustomField) -> Any:
    """Return what Megaplan prints for "nothing" in a field of this type."""
    if definition.kind in {"RefSet", "Resource"} or definition.is_multiple:
        return []
    if definition.kind == "Money":
        return money(0, "RUB", 1)
    return _EMPTY.get(definition.kind)


def seeded_value(definition: CustomField, record: Record, store: "Store") -> Any:
    """Return the value a record has from the seed; computed, so that it costs no memory."""
    bits = _noise(store.seed, int(record.id), definition.id)
    if bits % 10 < 4:
        return empty_value(definition)
    bits >>= 8
    day = _BASE_DAY + timedelta(days=bits % 700)
    match definition.kind:
        case "Bool":
            return True
        case "Integer" | "Rating":
            return bits % (6 if definition.kind == "Rating" else 500)
        case "BigInt":
            return 9_007_199_254_740_993 + bits % 1_000_000
        case "Float":
            return round((bits % 1_000_000) / 1000 + 0.1, 3)
        case "Money":
            return money((bits % 9_000_000) / 100, "RUB", 1)
        case "Date":
            return date_only(day)
        case "DateTime":
            return date_time(local_midnight(day) + (0 if bits % 2 else 37_800))
        case "Duration":
            return {"contentType": "DateInterval", "value": (bits % 96 + 1) * 900}
        case "Enum":
            chosen = definition.choices[bits % len(definition.choices)]
            return [chosen] if definition.is_multiple else chosen
        case "ExternalSource":
            return f"EXT-{bits % 100_000:05d}"
        case "Resource":
            return [_file(bits)]
        case "RefLink" | "RefSet":
            return _reference(definition, bits, store)
        case _:
            return _text(definition, bits)


def _text(definition: CustomField, bits: int) -> Any:
    if definition.settings.get("isHtml"):
        return f"<p>Условия № {bits % 900 + 100}</p>"
    if "сылка" in definition.title or "http" in definition.title:
        return f"https://example.org/d/{bits % 0xFFFFFF:06x}"
    text = f"{_PHRASES[bits % len(_PHRASES)]} {bits % 97}"
    return [text] if definition.is_multiple else text


def _file(bits: int) -> dict[str, Any]:
    name = f"file-{bits % 0xFFFFFF:06x}.pdf"
    digest = f"{bits:016x}"[:16] * 2
    return {
        "contentType": "File",
        "id": str(500_000 + bits % 90_000),
        "name": name,
        "extension": "pdf",
        "size": 20_000 + bits % 900_000,
        "path": f"/attach/SdfFileM_File/File/100/1/2/{digest}.pdf/{name}",
        "thumbnail": None,
    }


def _reference(definition: CustomField, bits: int, store: "Store") -> Any:
    rows = [store.employees_by_place[bits % len(store.employees_by_place)]]
    if definition.kind == "RefSet" or definition.is_multiple:
        rows.append(store.employees_by_place[(bits >> 8) % len(store.employees_by_place)])
        return tuple(dict.fromkeys(rows))
    return rows[0]


def definition_json(definition: CustomField) -> dict[str, Any]:
    """Return the definition as ``…/extraFields`` and ``/program/{id}/fields`` print it."""
    answer: dict[str, Any] = {
        "contentType": f"{definition.kind}Field",
        "id": str(definition.id),
        "hrName": definition.title,
        "name": definition.key,
        "type": definition.kind,
        "orderPos": definition.order,
        "isSystem": False,
        "isSortable": definition.kind not in {"RefSet", "Resource"},
        "targetEntity": definition.target,
        "settings": [],
        "settingsCount": 0,
        "isRequired": definition.is_required,
        "isMultiple": definition.is_multiple,
    }
    if definition.kind == "Enum":
        answer["values"] = list(definition.choices)
        answer["defaultValue"] = None
    if definition.kind == "String":
        answer |= {
            "isHtml": False,
            "maxLength": 255,
            "isUnique": False,
            "isIndexable": True,
            "defaultValue": "",
        }
    if definition.ref_types:
        answer["refContentType"] = list(definition.ref_types)
    return answer | definition.settings

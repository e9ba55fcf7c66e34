"""Changes real-shaped JSON as people, their scripts and a careless server do. Every change comes from one seed."""

import random
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Digits:
    """A number exactly as it is written in JSON, whatever Python would make of it."""

    text: str


def nested(levels: int) -> Any:
    """Return lists in lists."""
    found: Any = "bottom"
    for _ in range(levels):
        found = [found]
    return found


NUMBERS = (
    Digits("NaN"),
    Digits("-Infinity"),
    Digits("1e400"),
    Digits("-1E+999999"),
    Digits("0.12345678901234567891"),
    Digits("12345678901234567.25"),
    Digits("123456789012345678901234567890"),
    Digits("-99999999999999999999"),
    Digits("1e16"),
    Digits("1e-400"),
    Digits("12.5e-310"),
    Digits("9007199254740993"),
    Digits("-0.0"),
    0,
    -1,
    1.5,
)
TIMES = (
    "2026-W05-1",
    "2026W051",
    "2026-01-01T00:00:00+23:00",
    "2026-01-01x10:00:00+00:00",
    "2026-01-01T10:00:00+05:30:15.5",
    "2026-01-01\0" + "10:00:00+00:00",
    "0001-01-01T00:00:00+03:00",
    "9999-12-31T23:59:59-05:00",
    "9999-12-31T23:59:59+00:00",
    "0000-00-00 00:00:00",
    "-0001-11-30T00:00:00+00:00",
    "2026-02-30T10:00:00+00:00",
    "2026-01-01T25:00:00Z",
    "2026-01-01T24:00:00Z",
    "20260101",
    "2026-01-01",
    "2026-01-01 12:00:00.123456789",
    "now",
    "infinity",
)
TEXTS = (
    "",
    " ",
    "text",
    "1e200000",
    "NaN",
    "99999999999999999999",
    "9223372036854775807",
    "9" * 5000,
    "٧",
    "²",
    "a\0b",
    "\ud83d",
    "\ufeffИмя",
    "я" * 20_000,
    "'; DROP TABLE deals; --",
    "%s %(account)s {table} \\",
)
_LINKS = (
    {"contentType": "Employee", "id": "99999999999999999999"},
    {"contentType": ["Deal"], "id": "1"},
    {"contentType": "Deal", "id": {"a": 1}},
    {"contentType": "Deal"},
    {"id": "1"},
)


def odd_value(source: random.Random) -> Any:
    """Return a value that does not belong where it will be put."""
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: source.choice(NUMBERS),
        lambda: source.choice(TIMES),
        lambda: {"contentType": "DateTime", "value": source.choice(TIMES)},
        lambda: {"contentType": "Money", "value": source.choice(NUMBERS), "currency": "RUB"},
        lambda: source.choice(TEXTS),
        lambda: source.choice((None, True, False, [], {}, [None], {"0": "a", "2": None}, [[]], {"": ""})),
        lambda: deepcopy(source.choice(_LINKS)),
        lambda: nested(source.choice((3, 60, 240, 260, 500))),
        lambda: {f"key{place}": place for place in range(300)},
    )
    return source.choice(kinds)()


def mutated(row: Any, source: random.Random) -> Any:
    """Change one place in a row, which is changed, or the whole of it; return the new row."""
    if source.random() < 0.05:
        return odd_value(source)
    holder, key = _some_place(row, source)
    if holder is None:
        return odd_value(source)
    value = holder[key]
    change = source.randrange(8)
    if change == 0 and isinstance(holder, dict):
        del holder[key]
    elif change == 1:
        holder[key] = [value]
    elif change == 2 and isinstance(value, list):
        holder[key] = {str(place): entry for place, entry in enumerate(value)}
    elif change == 3 and isinstance(value, dict):
        holder[key] = list(value.values())
    elif change == 4 and isinstance(value, list):
        value.insert(source.randint(0, len(value)), odd_value(source))
    elif change == 5 and isinstance(value, list) and value:
        value.append(source.choice(value))
    elif change == 6 and isinstance(holder, dict):
        holder[source.choice(("", "\0", "id", "contentType", "0", "ключ"))] = odd_value(source)
    else:
        holder[key] = odd_value(source)
    return row


def _some_place(row: Any, source: random.Random) -> tuple[Any, Any]:
    """Return an object or a list inside a row, and one of its keys or positions; near the top more often."""
    holder, key, inner = None, None, row
    while isinstance(inner, dict | list) and inner and (holder is None or source.random() < 0.5):
        holder = inner
        key = source.choice(list(inner)) if isinstance(inner, dict) else source.randrange(len(inner))
        inner = holder[key]
    return holder, key


def with_odd_entries(row: Any, source: random.Random) -> list[Any]:
    """Return a row with what stands before it in its list: something that is no row, or the row itself once more."""
    chance = source.random()
    if chance < 0.02:
        return [odd_value(source), row]
    return [row, row] if chance < 0.04 else [row]

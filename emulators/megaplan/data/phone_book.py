"""Who has a phone number, however it was typed on the card."""

import re
from typing import TYPE_CHECKING, Any

from .records import Record

if TYPE_CHECKING:
    from .store import Store

_SHORTEST = 7
_EXTENSION = re.compile(r"[^\d\s()+\-.].*$")


def phone_digits(text: Any) -> str:
    """Return a number's digits with the country code 7 for Russian ones; empty when it is no number.

    An extension (``доб. 12``) is left out.
    """
    digits = "".join(filter(str.isdigit, _EXTENSION.sub("", str(text or "").strip())))
    if len(digits) == 10:
        return f"7{digits}"
    if len(digits) == 11 and digits.startswith("8"):
        return f"7{digits[1:]}"
    return digits if len(digits) >= _SHORTEST else ""


class PhoneBook:
    """Contractors and employees by number; rebuilt after any of them has changed."""

    def __init__(self, store: "Store") -> None:
        self._store = store
        self._versions: tuple[int, int] | None = None
        self._by_number: dict[str, list[Record]] = {}

    def find(self, digits: str) -> list[Record]:
        """Return whom the token's user sees under a number: contractors by id, then employees."""
        tables = (self._store.contractors, self._store.tables["Employee"])
        versions = (tables[0].version, tables[1].version)
        if versions != self._versions:
            self._versions, self._by_number = versions, {}
            for table in tables:
                for row in table:
                    for number in _numbers(row):
                        self._by_number.setdefault(number, []).append(row)
        return [
            row
            for row in self._by_number.get(digits, ())
            if not row.data.get("isDropped") and self._store.is_visible(row)
        ]


def _numbers(row: Record) -> list[str]:
    phones = (entry.get("value") for entry in row.data["contactInfo"] if entry.get("type") == "phone")
    return list(dict.fromkeys(filter(None, map(phone_digits, phones))))

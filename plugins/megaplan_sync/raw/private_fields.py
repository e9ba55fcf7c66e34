"""Leaves out, hashes or pseudonymises what an account's connection says, before anything is compared or written.

It is done with whatever Megaplan answers, at any depth: a person is printed inside deals, companies and payers too.
What cannot be stored loses everything but its content type and id, since nobody knows what it contains.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson

from megaplan_hook.settings import AccountSettings
from megaplan_sync.raw.entities import EntitySpec

_TABLE_OF = {
    "Deal": "deals",
    "ContractorHuman": "contacts",
    "ContractorCompany": "contacts",
    "Payer": "contacts",
    "Employee": "employees",
}
"""Tables by content type; a payer is a contact with bank details, under the contact's name."""
_NAMES = frozenset({"name", "firstName", "middleName", "lastName"})
"""Of a person, each contains a part of the others."""
_KEPT = frozenset({"contentType", "id", "type", "isMain"})
"""Keys inside a changed value that say what it is, and nothing about people."""
_MARK = "private fields "

Change = Callable[[str], str]
Rules = dict[tuple[str, str], Change | None]
"""By table and key; without a change the key is left out."""


class PrivateFields:
    """What becomes of the fields of one account."""

    def __init__(self, settings: AccountSettings) -> None:
        secret = (settings.pseudonym_secret or "").encode()
        self._rules: Rules = {}
        self._add(settings.fields_hashed, lambda text: hashlib.sha256(text.encode()).hexdigest())
        self._add(
            settings.fields_pseudonymised,
            lambda text: hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()[:32],
        )
        self._add(settings.fields_left_out, None)  # the strictest rule for a name counts
        self._digest = hashlib.sha256(
            repr(
                (
                    sorted(settings.fields_left_out),
                    sorted(settings.fields_hashed),
                    sorted(settings.fields_pseudonymised),
                    hashlib.sha256(secret).hexdigest() if settings.fields_pseudonymised else "",
                )
            ).encode()
        ).hexdigest()[:16]

    def requested(self, spec: EntitySpec, names: Iterable[str]) -> list[str]:
        """Return the fields to request: what is left out does not even leave Megaplan."""
        table = spec.name.partition("_")[0]
        left_out = {key for (of, key), change in self._rules.items() if of == table and change is None}
        return [name for name in names if name not in left_out]

    def marks(self) -> list[str]:
        """Return a mark of these rules, to be saved with the fields that rows were read with."""
        return [_MARK + self._digest] if self._rules else []

    def apply(self, entities: Sequence[Any]) -> None:
        """Change entities that can be stored, at any depth, in place; one that is given twice, once."""
        self._apply(self._rules, entities)

    def leave_out(self, entities: Sequence[Any]) -> None:
        """Remove what is left out from entities whose other fields are changed already."""
        self._apply({of: change for of, change in self._rules.items() if change is None}, entities)

    @staticmethod
    def _apply(rules: Rules, entities: Sequence[Any]) -> None:
        if not rules:
            return
        waiting = list({id(entity): entity for entity in entities}.values())
        while waiting:
            value = waiting.pop()
            if isinstance(value, list):
                waiting.extend(value)
            elif isinstance(value, dict):
                table = (
                    _TABLE_OF.get(value["contentType"]) if isinstance(value.get("contentType"), str) else None
                )
                for key in list(value) if table else ():
                    if (str(table), key) in rules:
                        change = rules[str(table), key]
                        if change is None:
                            del value[key]
                        else:
                            value[key] = _changed(value[key], change)
                waiting.extend(value.values())

    def odd(self, entries: Sequence[Any]) -> list[Any]:
        """Return what cannot be stored, without anything that may be private."""
        if not self._rules:
            return list(entries)
        return [
            {key: entry[key] for key in ("contentType", "id") if isinstance(entry.get(key), str | int)}
            if isinstance(entry, dict)
            else None
            for entry in entries
        ]

    def _add(self, fields: Iterable[str], change: Change | None) -> None:
        for field in fields:
            table, _, key = field.partition(".")
            keys = _NAMES if table != "deals" and key in _NAMES else {key}
            self._rules.update({(table, each): change for each in keys})


def is_mark(name: str) -> bool:
    """Return whether a saved name is not a field but a mark of private fields."""
    return name.startswith(_MARK)


def _changed(value: Any, change: Change) -> Any:
    """Return a value with all texts and numbers in it changed. As deep as JSON that can be stored."""
    if isinstance(value, dict):
        return {key: entry if key in _KEPT else _changed(entry, change) for key, entry in value.items()}
    if isinstance(value, list):
        return [_changed(entry, change) for entry in value]
    if value is None or isinstance(value, bool) or value == "":
        return value
    return change(value if isinstance(value, str) else orjson.dumps(value).decode())

"""How a value that a deal no longer has is removed from UIS. Free of I/O.

UIS stores records, and does not document whether a field that a record leaves out keeps the value of the record
before. So a value that was uploaded and is gone is removed explicitly. The form is not documented either: the forms
that the quirk ``deal_clearing`` allows are tried in turn, and a refusal costs no points.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from uis_hook.vendor_quirks import DealClearing

CONTACTS = "contact_ext_ids"
"""Stands for both fields of a deal's contacts, which go together."""
CLEARABLE = (CONTACTS, "employee_ext_id", "revenue", "comments", "source")
USER_FIELDS = "user_fields"
_MAIN_CONTACT = "main_contact_ext_id"
_EMPTY: Mapping[str, Sequence[Mapping[str, Any]]] = {
    CONTACTS: ({CONTACTS: [], _MAIN_CONTACT: None}, {CONTACTS: [], _MAIN_CONTACT: ""}),
    "employee_ext_id": ({"employee_ext_id": ""},),
    "revenue": ({"revenue": 0},),
    "comments": ({"comments": ""},),
    "source": ({"source": ""},),
}
_NULL: Mapping[str, Sequence[Mapping[str, Any]]] = {
    CONTACTS: ({CONTACTS: None, _MAIN_CONTACT: None},),
    **{name: ({name: None},) for name in CLEARABLE if name != CONTACTS},
}


class Clearing:
    """The forms that remove values, for one run; a refused form is not tried again.

    :param quirk: which forms may be used; when all are refused, the field is left out
    """

    def __init__(self, quirk: DealClearing) -> None:
        nulls = quirk in ("null", "null_then_empty")
        empties = quirk in ("empty", "null_then_empty")
        self._forms = {
            name: [*(_NULL[name] if nulls else ()), *(_EMPTY[name] if empties else ()), {}]
            for name in CLEARABLE
        }
        # the documentation calls the value of a user field a required string, so null is sent only on demand
        self._texts: list[str | None] = [None] if quirk == "null" else [""] if empties else []

    def fields(self, cleared: Collection[str]) -> dict[str, Any]:
        """Return what a record says of fields that are to be removed."""
        return {
            key: value for name in CLEARABLE if name in cleared for key, value in self._forms[name][0].items()
        }

    def user_fields(self, cleared: Mapping[str, str | None]) -> list[dict[str, Any]]:
        """Return what a record says of user fields that are to be removed.

        :param cleared: what to write if UIS accepts no empty value, by id; None: nothing
        """
        if self._texts:
            return [{"ext_id": ext_id, "value": self._texts[0]} for ext_id in cleared]
        return [{"ext_id": ext_id, "value": text} for ext_id, text in cleared.items() if text is not None]

    def refuse(
        self,
        field: str | None,
        cleared: Collection[str],
        cleared_user_fields: Mapping[str, str | None],
        sent: Any,
    ) -> bool:
        """Take the next form of what UIS has refused; return whether there is one.

        :param field: of the error; if it names no field of a record, each form may be the cause
        :param sent: the user fields of the refused record, as sent
        """
        words = re.findall(r"[a-z_]+", field or "")
        named = [CONTACTS if word == _MAIN_CONTACT else word for word in words]
        known = [word for word in named if word in (*CLEARABLE, USER_FIELDS)]
        if not known and any(word not in ("deals", "ext_id", "value") for word in words):
            return False  # another field is the cause
        changed = False
        for name in set(cleared) & set(known or cleared):
            if len(self._forms[name]) > 1:
                self._forms[name].pop(0)
                changed = True
        if cleared_user_fields and self._texts and (not known or USER_FIELDS in known):
            place = re.search(r"user_fields\D*(\d+)", field or "")
            entries = list(sent or ())
            entry = entries[int(place.group(1))] if place and int(place.group(1)) < len(entries) else None
            if entry is None or entry["ext_id"] in cleared_user_fields:
                self._texts.pop(0)
                changed = True
        return changed

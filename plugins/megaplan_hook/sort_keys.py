"""Order of a list, and where in that order a row stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from megaplan_hook.date_times import datetime_or_none

# how answers write a moment: compared as it is, without being parsed
_ANSWERED_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
# a moment as a text of fixed form, or a number: comparable, and JSON
SortKey = str | float


@dataclass(frozen=True)
class Order:
    """By which field a list is walked, for example ``Order("timeUpdated", descending=True)``.

    :param field: a field that Megaplan can sort by; it must be among the rows' fields.
    """

    field: str
    descending: bool = False

    def sort_by(self) -> list[dict[str, Any]]:
        """Build the argument ``sortBy``; the key is ``fieldName``, with ``field`` Megaplan answers 422."""
        return [{"contentType": "SortField", "fieldName": self.field, "desc": self.descending}]

    def is_before(self, one: SortKey | None, other: SortKey | None) -> bool:
        """Tell whether one key comes strictly before the other; unknown or unlike keys never do."""
        if isinstance(one, str) and isinstance(other, str):
            return one > other if self.descending else one < other
        if isinstance(one, float) and isinstance(other, float):
            return one > other if self.descending else one < other
        return False


def sort_key(row: Mapping[str, Any], order: Order | None) -> SortKey | None:
    """Read a row's place in the order: a moment in UTC or a number.

    Texts give None: how Megaplan collates them is not known, so they cannot be compared here.
    """
    value = row.get(order.field) if order else None
    if isinstance(value, dict) and value.get("contentType") == "DateTime":
        written = value.get("value")
        if isinstance(written, str) and _ANSWERED_MOMENT.fullmatch(written):
            return f"{written[:19]}.000000Z"
        moment = datetime_or_none(value)
        return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if (
        order is not None
        and order.field == "id"
        and isinstance(value, str)
        and value.isascii()
        and value.isdigit()
    ):
        return float(value)
    return None


def requests_field(arguments: Mapping[str, Any], field: str) -> bool:
    """Tell whether rows read with these arguments can carry the field at all."""
    if not arguments.get("onlyRequestedFields") or field == "id":
        return True
    return any(
        name == field or (isinstance(name, Mapping) and field in name)
        for name in arguments.get("fields") or ()
    )

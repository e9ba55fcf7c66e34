"""Records of deals as ``get.deals_history`` shows them, compared with what was sent. Free of I/O.

Rows come "as uploaded" (vendor's documentation). How numbers and empty values are written is not said, so values are
compared, not texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

COMPARED = (
    "name",
    "created_date_time",
    "modified_stage_date_time",
    "sales_funnel_ext_id",
    "stage_ext_id",
    "main_contact_ext_id",
    "employee_ext_id",
    "comments",
    "source",
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:")
KEPT = (
    *COMPARED,
    "ext_id",
    "modified_date_time",
    "closed_date_time",
    "contact_ext_ids",
    "revenue",
    "user_fields",
)


def is_the_same_upload(row: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Tell whether a row of the history is this very record: each upload of a deal has a time of its own."""
    names = ["modified_stage_date_time", "stage_ext_id", "sales_funnel_ext_id"]
    if row.get("modified_date_time"):
        names.append("modified_date_time")
        return all(_text(row.get(name)) == _text(sent.get(name)) for name in names)
    return is_the_same_state(row, sent)


def is_the_same_state(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two records say the same of a deal, whenever they were sent."""
    return (
        all(_text(one.get(name)) == _text(other.get(name)) for name in COMPARED)
        and number(one.get("revenue")) == number(other.get("revenue"))
        and sorted(one.get("contact_ext_ids") or ()) == sorted(other.get("contact_ext_ids") or ())
        and _fields(one) == _fields(other)
    )


def last_record(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return the newest record that was uploaded, not made up by UIS; None when there is none."""
    uploaded = [row for row in rows if not row.get("is_generated")]
    if not uploaded:
        return None
    newest = max(
        uploaded,
        key=lambda row: (_text(row.get("modified_stage_date_time")), _text(row.get("modified_date_time"))),
    )
    return {name: newest[name] for name in KEPT if newest.get(name) not in (None, [], "")}


def number(value: Any) -> Decimal | None:
    """Read a number however it is written, to the hundredth; None for nothing."""
    if value is None or value == "":
        return None
    try:
        return Decimal(str(value)).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None


def _text(value: Any) -> str:
    text = "" if value is None else str(value).strip()
    return text.replace("T", " ", 1) if _MOMENT.match(text) else text


def _fields(record: Mapping[str, Any]) -> dict[str, str]:
    fields = {}
    for entry in record.get("user_fields") or ():
        value = _text(entry.get("value"))
        as_number = number(value)
        if value:
            fields[str(entry.get("ext_id"))] = value if as_number is None else str(as_number)
    return fields

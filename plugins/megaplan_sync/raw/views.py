"""Keeps the columns of custom fields in schema ``megaplan``: readable, stable, free of clashes.

A column is called ``cf_`` and the transliterated name that Megaplan gave the field when it was created
(``Category1000061CustomFieldVidSdelki`` -> ``cf_vid_sdelki``). That name survives renames, so reports do;
the present title is the column's comment. A name once given is kept in ``megaplan_sync.view_columns``.
"""

import re
from collections.abc import Collection
from typing import Any

from psycopg import Cursor

from megaplan_sync.kernel.sql import read_sql

_MOST_BYTES = 63  # of an identifier in Postgres
_COLUMN_TYPES = {
    "bool": "boolean",
    "boolean": "boolean",
    "date": "date",
    "dateonly": "date",
    "datetime": "moment",
    "bigint": "number",
    "duration": "number",
    "float": "number",
    "integer": "number",
    "int": "number",
    "money": "number",
    "number": "number",
    "rating": "number",
}
"""Megaplan's field types (RAML r2510: BoolField, ...) and what a column of them holds; others are text."""


def refresh_deals_view(cursor: Cursor[Any]) -> bool:
    """Give ``megaplan.deals`` a column for every custom field that has none yet, and each its present title.

    :returns: whether the view was rebuilt
    """
    cursor.execute(read_sql("select_view_columns"), {"view": "deals"})
    given = {(key, column_type): name for key, name, column_type in cursor.fetchall()}
    keys = {key for key, _ in given}
    cursor.execute(read_sql("select_view_fields"), {"entity": "Deal"})
    news = [row for row in cursor.fetchall() if row[0] not in keys]
    cursor.execute(read_sql("select_changed_titles"))
    if not news and not cursor.fetchall():
        return False
    taken = set(given.values())
    for key, field_type, is_multiple in news:
        base = column_name(key)
        wanted = [("text" if is_multiple else column_type(field_type), base)]
        if str(field_type).lower() == "money" and not is_multiple:
            wanted.append(("currency", f"{_shortened(base, 9)}_currency"))
        for kind, name in wanted:
            free = free_name(name, taken)
            taken.add(free)
            cursor.execute(
                read_sql("insert_view_column"),
                {"view": "deals", "key": key, "column_name": free, "type": kind},
            )
    cursor.execute(read_sql("refresh_deals_view"))
    return True


def column_type(field_type: str | None) -> str:
    """Return what a column of this field type holds: number, boolean, date, moment or text."""
    return _COLUMN_TYPES.get((field_type or "").lower(), "text")


def column_name(key: str) -> str:
    """Return the readable column name of a custom field's key, at most 63 bytes."""
    name = re.sub(r"^Category\d+CustomField", "", key)
    words = re.sub(r"(?<=[a-zа-яё0-9])(?=[A-ZА-ЯЁ])", "_", name).lower()
    return _shortened("cf_" + re.sub(r"\W+", "_", words).strip("_"), 0)


def free_name(name: str, taken: Collection[str]) -> str:
    """Return ``name``, or ``name_2``, ``name_3``, ... if it is taken; at most 63 bytes."""
    candidate, count = name, 1
    while candidate in taken:
        count += 1
        suffix = f"_{count}"
        candidate = _shortened(name, len(suffix)) + suffix
    return candidate


def _shortened(name: str, room: int) -> str:
    return name.encode()[: _MOST_BYTES - room].decode(errors="ignore")

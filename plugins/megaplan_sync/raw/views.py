"""Views of an account's deals with a column for each custom field; names are readable, stable and unique.

A column is named ``cf_`` plus the transliterated name that Megaplan gave the field when it was created
(``Category1000061CustomFieldVidSdelki`` -> ``cf_vid_sdelki``). Renaming the field does not change it, so reports keep
working; the current title is the column's comment. Names are saved in ``megaplan_sync.view_columns``.
"""

import logging
import re
from collections.abc import Collection
from typing import Any

from psycopg import Connection, Cursor, Error
from psycopg.errors import InvalidTableDefinition
from psycopg.sql import SQL, Composable, Identifier, Literal

from megaplan_sync.kernel.postgres_errors import is_lost
from megaplan_sync.kernel.sql import read_sql

log = logging.getLogger(__name__)

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
"""Megaplan's field types (RAML r2510: BoolField, ...) and the kind of their column; others are text."""
_MOST_COLUMNS = 1500
"""Postgres allows 1 664 columns in a view, including the deal's own."""
_VALUES = {
    "number": SQL("megaplan.custom_number(raw.payload -> {key})"),
    "currency": SQL("raw.payload #>> ARRAY[{key}, 'currency']"),
    "boolean": SQL("megaplan.custom_boolean(raw.payload -> {key})"),
    "date": SQL("megaplan.custom_date(raw.payload -> {key}, account.timezone)"),
    "moment": SQL("megaplan.custom_moment(raw.payload -> {key})"),
    "text": SQL("megaplan.custom_text(raw.payload -> {key})"),
}


def refresh_account_view(connection: Connection[Any], account: str, *, recreate: bool = False) -> bool:
    """Add columns for new custom fields to an account's view of deals, and update the titles of all.

    A view that cannot be created is logged and raises no error.

    :param recreate: recreate the view even if nothing is new
    :returns: whether the view was created or changed
    :raises InvalidTableDefinition: ``recreate`` is set and the columns differ: the view has to be dropped first
    """
    try:
        with connection.transaction(), connection.cursor() as cursor:
            return _refresh(cursor, account, recreate=recreate)
    except Error as error:
        if is_lost(error) or (recreate and isinstance(error, InvalidTableDefinition)):
            raise
        log.warning(
            "The view of deals of account %s with its custom fields was not updated: %s",
            account,
            str(error).split("\n")[0],
        )
        return False


def _refresh(cursor: Cursor[Any], account: str, *, recreate: bool) -> bool:
    view = _view_name(cursor, account)
    of = {"account": account, "view": view}
    fields = cursor.execute(read_sql("select_view_fields"), of).fetchall()
    given = cursor.execute(read_sql("select_view_columns"), of).fetchall()
    known, taken = {key for key, *_ in given}, {column for _, column, *_ in given}
    for key, field_type, is_multiple in fields:
        if key in known:
            continue
        base = column_name(key)
        wanted = [("text" if is_multiple else column_type(field_type), base)]
        if str(field_type).lower() == "money" and not is_multiple:
            wanted.append(("currency", f"{_shortened(base, 9)}_currency"))
        for kind, name in wanted:
            free = free_name(name, taken)
            taken.add(free)
            cursor.execute(
                read_sql("insert_view_column"), {"view": view, "key": key, "column_name": free, "type": kind}
            )
    columns = cursor.execute(read_sql("select_view_columns"), of).fetchall()
    if len(columns) > _MOST_COLUMNS:
        log.warning(
            "Account %s has %d columns of custom fields: the view megaplan.%s shows the first %d, "
            "megaplan.custom_field_values all",
            account, len(columns), view, _MOST_COLUMNS,
        )  # fmt: skip
        columns = columns[:_MOST_COLUMNS]
    is_missing = not cursor.execute(read_sql("find_tables"), {"names": [f"megaplan.{view}"]}).fetchall()
    grows = recreate or is_missing or not all(exists for *_, exists, _ in columns)
    if grows:
        values: list[Composable] = [
            SQL(", {value} AS {name}").format(
                value=_VALUES[kind].format(key=Literal(key)), name=Identifier(name)
            )
            for key, name, kind, *_ in columns
        ]
        cursor.execute(
            SQL(read_sql("create_account_view")).format(
                view=Identifier(view), columns=SQL("").join(values), account=Literal(account)
            )
        )
    renamed = [(name, title) for _, name, _, title, _, comment in columns if (title or None) != comment]
    for name, title in renamed:
        cursor.execute(
            SQL("COMMENT ON COLUMN megaplan.{}.{} IS {}").format(
                Identifier(view), Identifier(name), Literal(title)
            )
        )
    return grows or bool(renamed)


def _view_name(cursor: Cursor[Any], account: str) -> str:
    found = dict(cursor.execute(read_sql("select_account_view"), {"account": account}).fetchall())
    name: str | None = found.get(account)
    if name is None:
        readable = re.sub(r"\W+", "_", account.lower()).strip("_")
        name = free_name(_shortened(f"deals_of_{readable}", 0), {view for view in found.values() if view})
        cursor.execute(read_sql("save_account_view"), {"account": account, "view": name})
    return name


def column_type(field_type: str | None) -> str:
    """Return the kind of column for a field type: number, boolean, date, moment or text."""
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

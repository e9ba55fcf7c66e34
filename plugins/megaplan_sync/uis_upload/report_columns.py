"""Columns of the report "Raw data, Deals", compared with what was sent, present or absent. Free of I/O.

The column ids of user fields are not documented: they are looked up in ``getobj.columns_tree``, by our id of the
field at the end of the column's id, or else by the field's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from megaplan_sync.uis_upload.directory_ledger import KnownRow
from megaplan_sync.uis_upload.history_rows import number, text

_UNKNOWN = object()
"""Instead of a value that cannot be compared."""


class Difference(NamedTuple):
    """A column that differs.

    :param field: of the record, or the id of the user field; None if sending the deal again would not change it
    """

    column: str
    field: str | None


@dataclass(frozen=True)
class Directories:
    """What UIS has of what deals refer to, by id, and which of it was found to differ."""

    funnels: Mapping[str, KnownRow]
    employees: Mapping[str, KnownRow]
    contacts: Mapping[str, KnownRow]
    differing: frozenset[str] = frozenset()


def user_field_columns(tree: Any, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the column of each user field in the report, by the field's id.

    :param tree: nested, as UIS returns it
    :param fields: names by id
    """
    nodes = [(str(node["id"]), str(node.get("name") or "").strip()) for node in _nodes(tree)]
    found: dict[str, str] = {}
    for ext_id, name in fields.items():
        by_id = [column for column, _ in nodes if column == ext_id or column.endswith(f"_{ext_id}")]
        by_name = [column for column, title in nodes if title == name.strip()]
        if len(by_id) == 1 or len(by_name) == 1:
            found[ext_id] = (by_id if len(by_id) == 1 else by_name)[0]
    return found


def known_columns(tree: Any) -> frozenset[str]:
    """Return the ids of all columns that the report has."""
    return frozenset(str(node["id"]) for node in _nodes(tree))


def differences(
    sent: Mapping[str, Any],
    row: Mapping[str, Any],
    *,
    directories: Directories,
    columns: Mapping[str, str],
    known: frozenset[str] = frozenset(),
) -> list[Difference]:
    """Return the columns that differ from what was sent, without their values.

    :param columns: of user fields, by their ids
    :param known: columns that the report has; others are compared only if the row shows them
    """
    fields = {entry["ext_id"]: entry["value"] for entry in sent.get("user_fields") or ()}
    wanted = _wanted(sent, directories)
    wanted |= {column: (ext_id, fields.get(ext_id)) for ext_id, column in columns.items()}
    found = []
    for column, (field, value) in wanted.items():
        if value is _UNKNOWN or (column not in row and column not in known and not value):
            continue
        if not _equal(column, _plain(row.get(column)), value):
            found.append(Difference(column, field))
    return sorted(found)


def _wanted(sent: Mapping[str, Any], directories: Directories) -> dict[str, tuple[str | None, Any]]:
    """Return what each column must show, and the field of the record that it comes from."""
    funnel = directories.funnels.get(str(sent["sales_funnel_ext_id"]))
    content = funnel.content if funnel is not None and isinstance(funnel.content, dict) else None
    employee = _entry(directories.employees, sent.get("employee_ext_id"))
    contact = _entry(directories.contacts, sent.get("main_contact_ext_id"))
    stage = None if content is None else stage_name(content, str(sent["stage_ext_id"]))
    closed = None
    if content is not None and sent["stage_ext_id"] in (content["success"][0], content["failed"][0]):
        closed = sent.get("closed_date_time") or sent["modified_stage_date_time"]

    def unless_differing(ext_id: str, field: str) -> str | None:
        return None if sent.get(ext_id) in directories.differing else field

    of_funnel = "sales_funnel_ext_id"
    return {
        "deal_date_time": ("created_date_time", sent["created_date_time"]),
        "deal_name": ("name", sent["name"]),
        "deal_current_stage_date": ("modified_stage_date_time", sent["modified_stage_date_time"]),
        "deal_finish_date": ("closed_date_time", _UNKNOWN if content is None else closed),
        "deal_current_funnel": (
            unless_differing(of_funnel, of_funnel),
            _UNKNOWN if content is None else content["name"],
        ),
        "deal_current_stage": (
            unless_differing(of_funnel, "stage_ext_id"),
            _UNKNOWN if stage is None else stage,
        ),
        "deal_employee": (unless_differing("employee_ext_id", "employee_ext_id"), employee),
        "deal_contact_ext_id": ("contact_ext_ids", sent.get("main_contact_ext_id")),
        "deal_contact": (None, contact if contact in (None, _UNKNOWN) else contact["name"]),
        "deal_contact_phone_numbers": (None, contact if contact in (None, _UNKNOWN) else contact["phones"]),
        "deal_contact_emails": (None, contact if contact in (None, _UNKNOWN) else contact["emails"]),
        "deal_revenue": ("revenue", sent.get("revenue")),
        "deal_comments": ("comments", sent.get("comments")),
        "deal_source": ("source", sent.get("source")),
    }


def _entry(rows: Mapping[str, KnownRow], ext_id: str | None) -> Any:
    """Return what UIS has of something; None if the deal has none, unknown if its content is."""
    if not ext_id:
        return None
    row = rows.get(ext_id)
    return _UNKNOWN if row is None or row.content is None else row.content


def stage_name(funnel: Mapping[str, Any], ext_id: str) -> str | None:
    """Return the name of a stage of a funnel, as it was sent; None if it has none of that id."""
    stages = [funnel["success"], funnel["failed"], *funnel["in_process"]]
    return next((name for stage, name in stages if stage == ext_id), None)


def _plain(value: Any) -> Any:
    return value.get("value") if isinstance(value, Mapping) else value


def _equal(column: str, shown: Any, sent: Any) -> bool:
    if isinstance(shown, Sequence) and not isinstance(shown, str):
        return _points(shown) == _points(sent or ())
    if column in ("deal_finish_date", "deal_current_stage_date"):  # they are dates without a time
        return text(shown)[:10] == text(sent)[:10]
    if column == "deal_revenue":
        return (number(shown) or 0) == (number(sent) or 0)
    if text(shown) == text(sent):
        return True
    if isinstance(sent, Sequence) and not isinstance(sent, str):
        return not sent and not shown
    return sent is not None and number(sent) is not None and number(shown) == number(sent)


def _points(values: Any) -> set[str]:
    return {str(value).removeprefix("+").lower() for value in values}


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(tree, Mapping):
        if "id" in tree:
            yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)

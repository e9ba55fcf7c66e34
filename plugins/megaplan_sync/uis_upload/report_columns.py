"""Columns of the report "Raw data, Deals", compared with what was sent. Free of I/O.

The column ids of user fields are not documented: they are looked up in ``getobj.columns_tree``, by our id of the
field at the end of the column's id, or else by the field's name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from megaplan_sync.uis_upload.directory_ledger import KnownRow
from megaplan_sync.uis_upload.history_rows import number


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


def difference(
    sent: Mapping[str, Any],
    row: Mapping[str, Any],
    *,
    funnel: KnownRow | None,
    employee: KnownRow | None,
    columns: Mapping[str, str],
) -> str | None:
    """Return the names, not the values, of columns that differ from what was sent; None if there are none."""
    wanted: dict[str, Any] = {
        "deal_date_time": sent["created_date_time"],
        "deal_name": sent["name"],
        "deal_contact_ext_id": sent.get("main_contact_ext_id"),
    }
    if funnel is not None and isinstance(funnel.content, dict):
        wanted["deal_current_funnel"] = funnel.content["name"]
        wanted["deal_current_stage"] = _stage_name(funnel.content, str(sent["stage_ext_id"]))
    if employee is not None:
        wanted["deal_employee"] = employee.content
    wanted |= {
        columns[entry["ext_id"]]: entry["value"]
        for entry in sent.get("user_fields") or ()
        if entry["ext_id"] in columns
    }
    differing = [name for name, value in wanted.items() if not _equal(_plain(row.get(name)), value)]
    if (number(_plain(row.get("deal_revenue"))) or 0) != (number(sent.get("revenue")) or 0):
        differing.append("deal_revenue")
    return ", ".join(sorted(differing)) or None


def _stage_name(funnel: Mapping[str, Any], ext_id: str) -> str | None:
    stages = [funnel["success"], funnel["failed"], *funnel["in_process"]]
    return next((name for stage, name in stages if stage == ext_id), None)


def _plain(value: Any) -> Any:
    return value.get("value") if isinstance(value, Mapping) else value


def _equal(shown: Any, sent: Any) -> bool:
    if str(shown if shown is not None else "").strip() == str(sent if sent is not None else "").strip():
        return True
    return sent is not None and number(sent) is not None and number(shown) == number(sent)


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(tree, Mapping):
        if "id" in tree:
            yield tree
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)

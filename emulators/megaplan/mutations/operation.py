"""What an operation is, and the rows it is for."""

from collections.abc import Callable
from random import Random
from typing import Any

from ..data.records import Record
from ..data.store import Store
from ..data.table import Table

Operation = Callable[[Store, dict[str, Any]], dict[str, Any]]


def row_of(table: Table, id: Any) -> Record:
    """Return a row by its id.

    :raises ValueError: there is none.
    """
    row = table.get(id)
    if row is None:
        raise ValueError(f"there is no {table.name} {id}")
    return row


def chosen_rows(table: Table, spec: dict[str, Any]) -> list[Record]:
    """Return the rows of ``ids`` (or ``id``), or a random ``count`` or ``share`` of all, by ``seed``.

    Dropped rows are chosen by their ids only.

    :raises ValueError: an unknown id.
    """
    if "ids" in spec or "id" in spec:
        return [row_of(table, id) for id in spec.get("ids", [spec.get("id")])]
    everyone = [row for row in table if not row.data.get("isDropped")]
    count = int(spec["count"]) if "count" in spec else round(float(spec["share"]) * len(everyone))
    return Random(spec.get("seed", 0)).sample(everyone, min(count, len(everyone)))

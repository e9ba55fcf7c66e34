"""Asks a list for more fields than a request line holds: part by part, and merges the rows. Free of I/O.

Arguments stand in the address, and web servers refuse addresses beyond a length of theirs: 8 KB as a rule, which is
some 140 custom fields. Megaplan takes no body with GET (dev.megaplan.ru/apiv3), so several requests for the same page
each name some of the fields. Meanwhile rows may change or move: one that is not the same in all answers, by its
change time if that is requested, becomes a bare ``{contentType, id}``, as Megaplan itself writes rows that it has
printed before. Whoever reads lists has to look such rows up anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from megaplan_hook.exceptions import MegaplanTransportError
from megaplan_hook.links import is_bare_link, is_entity
from megaplan_hook.query import encode_arguments

CHANGE_TIME = "timeUpdated"
SHORTEST_DOUBTED_LENGTH = 2000
"""Web servers accept queries of so many characters: a shorter one is refused for another reason."""


def split_fields(arguments: Mapping[str, Any], longest: int | None) -> list[dict[str, Any]]:
    """Return arguments that ask for the fields in as few queries of a length as possible, evenly filled.

    Each names the fields that rows are sorted by, and the change time if it is among the requested fields. A part is
    longer than allowed only if it names a single field.

    :param longest: characters of a query; None if no limit is known
    """
    if longest is None or len(encode_arguments(arguments)) <= longest:
        return [dict(arguments)]
    parts = [dict(arguments)]
    for number in range(2, len(arguments.get("fields") or ()) + 1):
        parts = _in_parts(arguments, number)
        if all(len(encode_arguments(part)) <= longest for part in parts):
            break
    return parts


def length_of_halves(arguments: Mapping[str, Any]) -> int | None:
    """Return how long a query is that asks for half of the fields; None if they cannot be halved."""
    halves = _in_parts(arguments, 2)
    return max(len(encode_arguments(half)) for half in halves) if len(halves) > 1 else None


def _in_parts(arguments: Mapping[str, Any], number: int) -> list[dict[str, Any]]:
    fields = list(arguments.get("fields") or ())
    sorted_by = [entry.get("fieldName") for entry in arguments.get("sortBy") or ()]
    everywhere = [name for name in fields if name == CHANGE_TIME or name in sorted_by]
    others = [name for name in fields if name not in everywhere]
    size = max(1, ceil(len(others) / number))
    parts = [
        {**arguments, "fields": [*everywhere, *others[start : start + size]]}
        for start in range(0, len(others), size)
    ]
    return parts or [dict(arguments)]


def is_refused_for_length(error: Exception, query_length: int) -> bool:
    """Tell whether a request was, or may have been, refused because its address is too long.

    Some web servers say so by 414 or 431, some answer 400, 403 or 404 with a page of theirs.
    """
    status = getattr(error, "status", None) or 0
    return query_length > 0 and (
        status in (413, 414, 431)
        or (
            isinstance(error, MegaplanTransportError)
            and 400 <= status < 500
            and query_length > SHORTEST_DOUBTED_LENGTH
        )
    )


def merged_rows(pages: Sequence[Sequence[Any]]) -> list[Any]:
    """Return the rows of the first page with the fields of all pages.

    :param pages: answers to :func:`split_fields`, in its order
    """
    first, *others = pages
    found = [{_row_id(row): row for row in page if is_entity(row)} for page in others]
    return [
        _merged(row, [rows.get(_row_id(row)) for rows in found]) if is_entity(row) else row for row in first
    ]


def _merged(row: dict[str, Any], others: Sequence[dict[str, Any] | None]) -> dict[str, Any]:
    whole = dict(row)
    for other in others:
        if (
            other is None
            or is_bare_link(other) != is_bare_link(row)
            or other.get(CHANGE_TIME) != row.get(CHANGE_TIME)
        ):
            return {"contentType": row["contentType"], "id": row["id"]}
        whole.update(other)
    return whole


def _row_id(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["contentType"]), str(row["id"])

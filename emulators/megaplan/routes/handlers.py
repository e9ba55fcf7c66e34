"""Handlers that many routes have in common, each for the entity that the path names."""

from collections.abc import Callable, Sequence
from typing import Any

from ..call import Answer, Call, card
from ..data.changes import changesets_of
from ..data.custom_fields import CustomField, definition_json
from ..data.records import Record
from ..errors import ForbiddenError, NotFoundError, WrongTypeError
from ..reading.listing import list_rows
from ..reading.query import read_limit
from ..router import Handler

Find = Callable[[Call], Record]
Rows = Callable[[Call, Any], Sequence[Record]]


def finder(content_type: str) -> Find:
    """Return a function that finds the entity by the path's id."""
    return lambda call: call.entity(content_type)


def check_visible(call: Call, record: Record, answer: str) -> None:
    """Refuse an entity that the user may not see.

    :raises NotFoundError: ``answer`` is 404.
    :raises ForbiddenError: it is 403.
    """
    if not call.store.is_visible(record):
        if answer == "404":
            raise NotFoundError
        raise ForbiddenError(f"No act_read rights for model {record.id}")


def card_of(find: Find) -> Handler:
    """Answer with the full card."""

    def handler(call: Call) -> Answer:
        call.no_arguments()
        return card(call, find(call))

    return handler


def rows_of(find: Find, rows: Rows, content_type: str, request_type: str = "", extra: str = "") -> Handler:
    """List rows that belong to the entity."""

    def handler(call: Call) -> Answer:
        found = rows(call, find(call))
        return list_rows(call, found, request_type or f"{content_type}ListRequest", content_type, extra=extra)

    return handler


def history_of(find: Find) -> Handler:
    """List the entity's change sets, newest first."""
    return rows_of(find, lambda call, row: changesets_of(row)[::-1], "Changeset", "HistoryRequest", "filters")


def extra_fields_of(content_type: str) -> Handler:
    """Answer with the definitions of a type's custom fields."""

    def handler(call: Call) -> Answer:
        call.no_arguments("limit", "pageAfter")
        return definitions(call, call.store.custom_fields_for(content_type))

    return handler


def definitions(call: Call, fields: Sequence[CustomField]) -> Answer:
    """Answer with a page of custom field definitions, in their order.

    :raises NotFoundError: the definition under the cursor is gone
    """
    knobs = call.store.knobs
    rows = [definition_json(field) for field in fields]
    if knobs.extra_fields_pages == "off":
        return Answer(rows)
    limit, start = read_limit(call.args, knobs), 0
    if (cursor := call.args.get("pageAfter")) is not None:
        if not isinstance(cursor, dict) or "id" not in cursor:
            raise WrongTypeError(cursor, "BaseEntity", "pageAfter")
        wanted = (cursor.get("contentType"), str(cursor["id"]))
        places = [place for place, row in enumerate(rows) if (row["contentType"], row["id"]) == wanted]
        if not places:
            raise NotFoundError
        start = places[0] + (0 if knobs.page_after_inclusive else 1)
    page = rows[start : start + limit]
    pagination: dict[str, Any] = {
        "count": len(rows) if knobs.count_mode == "total" else len(page),
        "limit": limit,
    }
    if knobs.emit_has_more:
        pagination["hasMoreNext"] = start + limit < len(rows)
    return Answer(page, pagination)

"""Handlers that many routes have in common, each for the entity that the path names."""

from collections.abc import Callable, Sequence
from typing import Any

from ..call import Answer, Call, card
from ..data.changes import changesets_of
from ..data.custom_fields import definition_json
from ..data.records import Record
from ..errors import ForbiddenError, NotFoundError
from ..reading.listing import list_rows
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
        return Answer([definition_json(field) for field in call.store.custom_fields_for(content_type)])

    return handler

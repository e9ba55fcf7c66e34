"""The envelope around every answer: ``{"meta": {"status", "errors", "pagination"}, "data": …}``. Free of I/O.

Facts from dev.megaplan.ru/apiv3 and from payloads of a live account: ``pagination`` of a single entity is an
empty array; the key of the errors is ``errors``, in an older table of the documentation ``error``; an expired
token may come as HTTP 200 with ``meta.status`` 401.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from megaplan_hook import exact_json
from megaplan_hook.exceptions import (
    ErrorDetail,
    MegaplanNotFoundError,
    MegaplanTransportError,
    api_error,
    error_details,
)
from megaplan_vendor_kit.responses import what_came, whole_number

CHECK_THE_HOST = "check Host of the connection: it must be the address of the Megaplan account"


@dataclass(frozen=True)
class Pagination:
    """``meta.pagination`` of a list; every part may be missing.

    :param count: documented as the number of entities, of the page or of the collection: never rely on it.
    :param limit: the page size in effect, which may be lower than the one asked for.
    :param has_more_next: whether more rows follow; not documented, sent by some accounts.
    """

    count: int | None = None
    limit: int | None = None
    has_more_next: bool | None = None


@dataclass(frozen=True)
class Answer:
    """One parsed answer.

    :param data: what stands under ``data``: an entity, a list of entities, or None.
    :param status: the HTTP status or, when that is 200, ``meta.status``.
    :param errors: ``meta.errors`` without traces.
    :param pagination: present for lists only.
    :param server_time: Megaplan's clock, from the Date header; None when parsed without headers.
    :param lost_numbers: how many numbers are None, since no JSON and no double can hold them.
    """

    data: Any
    status: int
    errors: list[ErrorDetail] = field(default_factory=list)
    pagination: Pagination | None = None
    server_time: datetime | None = None
    lost_numbers: int = 0

    def raise_for_status(self, path: str, retry_after: float | None = None) -> Answer:
        """Return itself when the request succeeded.

        :raises MegaplanAPIError: of the class that belongs to the status, from 400 on.
        """
        if self.status >= 400:
            raise api_error(self.status, path, self.errors, retry_after)
        return self


def parse_answer(status: int, body: bytes, path: str) -> Answer:
    """Read an answer, successful or not; what the status means is said by :meth:`Answer.raise_for_status`.

    Empty bodies are usual with 401, 429 and 5xx and are no obstacle there. HTML and garbage are, even with
    404: such a page comes from something in between, so it proves nothing about an entity.

    :param status: the HTTP status.
    :param body: the body, decompressed.
    :param path: the route without its query, for messages.
    :raises MegaplanTransportError: when the body is no answer of Megaplan's.
    """
    if status == 204 or (not body.strip() and (status in (401, 429) or status >= 500)):
        return Answer(data=None, status=status)
    if 300 <= status < 400:
        raise MegaplanTransportError(f"{path}: {what_came(status, body, CHECK_THE_HOST)}", status)
    lost: list[str] = []
    try:
        document = exact_json.loads(body, lost)
    except ValueError:
        if status in (401, 429):
            return Answer(data=None, status=status)
        raise MegaplanTransportError(f"{path}: {what_came(status, body, CHECK_THE_HOST)}", status) from None
    meta = document.get("meta") if isinstance(document, Mapping) else None
    if not isinstance(meta, Mapping):
        if status in (401, 429):
            return Answer(data=None, status=status)
        raise MegaplanTransportError(
            f"{path}: JSON without 'meta', {status}: not a Megaplan answer; {CHECK_THE_HOST}", status
        )
    own_status = whole_number(meta.get("status"))
    if status < 400 and own_status is not None and own_status >= 400:
        status = own_status
    return Answer(
        data=document.get("data"),
        status=status,
        errors=error_details(meta.get("errors") or meta.get("error")),
        pagination=_pagination(meta.get("pagination")),
        lost_numbers=len(lost),
    )


def _pagination(value: Any) -> Pagination | None:
    if not isinstance(value, Mapping):
        return None
    more = value.get("hasMoreNext")
    return Pagination(
        count=whole_number(value.get("count")),
        limit=whole_number(value.get("limit")),
        has_more_next=more if isinstance(more, bool) else None,
    )


def entity(answer: Answer, path: str) -> dict[str, Any]:
    """Return the entity that an answer holds.

    :raises MegaplanTransportError: what came is no entity
    """
    data = answer.data
    if not isinstance(data, dict) or data.get("id") is None:
        raise MegaplanTransportError(f"{path}: 'data' is no entity", answer.status)
    return data


def entity_or_not_found(answer: Answer, path: str) -> dict[str, Any]:
    """Return the entity of a route that looks it up by something else than its id.

    What such a route answers when there is none is not documented: a success without data says the same as 404.

    :raises MegaplanNotFoundError: there is none
    :raises MegaplanTransportError: what came is no entity
    """
    if answer.data is None or answer.data == [] or answer.data == {}:
        nothing = ErrorDetail(field=None, message="'data' is empty: nothing was found", type=None)
        raise MegaplanNotFoundError(answer.status, path, [nothing])
    return entity(answer, path)


def entries(answer: Answer, path: str) -> list[Any]:
    """Return the entries of a list, whatever they are; of one that came as an object, in the order of its keys.

    :raises MegaplanTransportError: what came is no list
    """
    data = answer.data
    if isinstance(data, dict) and data and all(key.isascii() and key.isdecimal() for key in data):
        data = [data[key] for key in sorted(data, key=lambda key: (len(key.lstrip("0")), key))]
    if not isinstance(data, list):
        raise MegaplanTransportError(f"{path}: 'data' is no list of entities", answer.status)
    return data


def objects(answer: Answer, path: str) -> list[dict[str, Any]]:
    """Return the list that an answer holds.

    :raises MegaplanTransportError: what came is no list of objects
    """
    data = answer.data
    if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
        raise MegaplanTransportError(f"{path}: 'data' is no list of objects", answer.status)
    return data

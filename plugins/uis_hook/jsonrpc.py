"""JSON-RPC 2.0 as UIS speaks it: requests as values, envelopes, answers. Free of I/O.

One ``POST`` to the API's address, no method in the path, the access token inside ``params``; ``id`` is
mandatory, batches are not supported. Errors are JSON-RPC errors, presumably with HTTP 200: the body is looked
at first and the status only when the body says nothing (vendor's documentation of both APIs).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

import orjson

from megaplan_vendor_kit.responses import read_json, what_came, whole_number
from uis_hook.api_errors import api_error, http_error
from uis_hook.exceptions import UisTransportError
from uis_hook.limits import Limits, parse_limits

log = logging.getLogger(__name__)

Api = Literal["data", "call"]

HEADERS = {"Content-Type": "application/json; charset=UTF-8", "Accept": "application/json"}
CHECK_THE_ADDRESS = "check brand and the addresses of the connection"

Result = TypeVar("Result")


@dataclass(frozen=True)
class Answer:
    """One successful answer.

    :param data: what stands under ``result.data``.
    :param method: the method that was called, for messages.
    :param total_items: how many rows a list has altogether, where UIS says so.
    :param limits: the account's points after this request, where UIS says so.
    """

    data: Any
    method: str
    total_items: int | None = None
    limits: Limits | None = None


def _data(answer: Answer) -> Any:
    return answer.data


@dataclass(frozen=True)
class Request(Generic[Result]):
    """What to ask of UIS, and how to read the answer.

    :param method: such as ``get.employees``.
    :param params: without access token.
    :param parse: makes the result of the answer.
    :param api: ``data`` (Data API v2.0) or ``call`` (Call API v4.0).
    :param may_come_twice: whether a request of unknown outcome may be sent again at once, as reads may, and writes
        that change nothing the second time. What must not happen twice (calls first of all) is sent again only when
        UIS has surely not begun it.
    :param points: what a successful call costs.
    """

    method: str
    params: Mapping[str, Any] = field(default_factory=dict)
    parse: Callable[[Answer], Result] = _data
    api: Api = "data"
    may_come_twice: bool = True
    points: int = 1


def encode_request(
    request: Request[Any], request_id: str, access_token: str | None, customer_user_id: int | None = None
) -> bytes:
    """Write the body of a request.

    :param access_token: None for ``login.user`` only.
    :param customer_user_id: of a reseller's client; None without one.
    """
    params: dict[str, Any] = {}
    if access_token is not None:
        params["access_token"] = access_token
        if customer_user_id is not None:
            params["user_id"] = customer_user_id
    params.update(request.params)
    return orjson.dumps({"jsonrpc": "2.0", "id": request_id, "method": request.method, "params": params})


def parse_answer(
    status: int, body: bytes, request: Request[Any], request_id: str, retry_after: float | None = None
) -> Answer:
    """Read an answer.

    :param status: the HTTP status.
    :param body: the body, decompressed.
    :param request_id: as it was sent; an answer to another request is refused.
    :param retry_after: seconds of the header Retry-After, if there was one.
    :raises UisAPIError: of the class that belongs to the mnemonic, when UIS answers with an error.
    :raises UisTransportError: when the body is no answer of UIS's.
    """
    method = request.method
    try:
        document = read_json(body)
    except ValueError:
        document = None
    if isinstance(document, Mapping):
        error = document.get("error")
        if isinstance(error, Mapping):
            raise api_error(method, error, retry_after=retry_after)
        result = document.get("result")
        if isinstance(result, Mapping) and "data" in result and status < 400:
            if str(document.get("id")) != request_id:
                raise UisTransportError(
                    f"{method}: the answer is that of another request (its id differs)", status
                )
            return _answer(method, result)
    if (failure := http_error(method, status, retry_after=retry_after)) is not None:
        raise failure
    if isinstance(document, Mapping | list) and not 300 <= status < 400:
        what = f"JSON without 'result' and 'error', {status}: not an answer of UIS; {CHECK_THE_ADDRESS}"
    else:
        what = what_came(status, body, CHECK_THE_ADDRESS)
    raise UisTransportError(f"{method}: {what}", status)


def _answer(method: str, result: Mapping[str, Any]) -> Answer:
    metadata = result.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    total = metadata.get("total_items")
    return Answer(
        data=result["data"],
        method=method,
        total_items=total if isinstance(total, int) and not isinstance(total, bool) else None,
        limits=parse_limits(metadata.get("limits")),
    )


# -- what stands under "data"


def rows(answer: Answer) -> list[dict[str, Any]]:
    """Return the rows of a list; a single object is a list of one (so ``get.deals`` is documented).

    A row among others that is no object comes as an empty one: it holds up no other, and offsets count it.

    :raises UisTransportError: when ``data`` is neither, or no row is an object.
    """
    data = [answer.data] if isinstance(answer.data, dict) and answer.data else answer.data
    if data == {}:
        return []
    if not isinstance(data, list) or (data and not any(isinstance(row, dict) for row in data)):
        raise UisTransportError(f"{answer.method}: 'data' is no list of objects")
    odd = sum(not isinstance(row, dict) for row in data)
    if odd:
        log.warning("%s: %d of %d rows are no objects; they are passed over", answer.method, odd, len(data))
    return [row if isinstance(row, dict) else {} for row in data] if odd else data


def one_object(answer: Answer) -> dict[str, Any]:
    """Return a single object, which may come in a list of one (``get.account`` does either).

    :raises UisTransportError: when ``data`` is no single object.
    """
    data = answer.data[0] if isinstance(answer.data, list) and len(answer.data) == 1 else answer.data
    if not isinstance(data, dict):
        raise UisTransportError(f"{answer.method}: 'data' is no object")
    return data


def nothing(answer: Answer) -> None:
    """Read the answer of update, delete and upload: ``{}``."""


def success(answer: Answer) -> None:
    """Read ``{"success": "true"}`` of the Call API, a string there.

    :raises UisTransportError: for anything else.
    """
    said = answer.data.get("success") if isinstance(answer.data, dict) else None
    if str(said).lower() != "true":
        raise UisTransportError(f"{answer.method}: the answer does not say success")


def number_called(name: str) -> Callable[[Answer], int]:
    """Make a reader of one number out of an object.

    Raises UisTransportError when the number is missing.
    """

    def read(answer: Answer) -> int:
        found = whole_number(one_object(answer).get(name))
        if found is None:
            raise UisTransportError(f"{answer.method}: the answer has no {name}")
        return found

    return read

"""Several calls in one request, and entities by their links."""

from collections.abc import Callable
from typing import Any

import orjson

from ..call import Answer, Call
from ..data.records import Record
from ..errors import ApiError, ServerError, UnprocessableError, WrongTypeError
from ..forms.form import Context
from ..reading.query import parse_query
from ..reading.rendering import Renderer
from ..reading.selection import Selection
from ..router import Router

_PREFIX = "/api/v3"


def add_routes(router: Router) -> None:
    """Register the routes."""
    router.add("POST", "/bulk", _bulk(router))
    router.add("POST", "/bulk/getEntitiesByLinks", entities_by_links)


def bulk_size(path: str, body: Any) -> int:
    """Return how many calls a request carries, for the rate limit."""
    if path == "/bulk" and isinstance(body, dict) and isinstance(body.get("calls"), list):
        return max(1, len(body["calls"]))
    return 1


def _bulk(router: Router) -> Callable[[Call], Answer]:
    def handler(call: Call) -> Answer:
        calls = call.entity_body().get("calls")
        if not isinstance(calls, list):
            raise WrongTypeError(calls, "ApiCall[]", "calls")
        return Answer([_one(router, call, entry) for entry in calls])

    return handler


def _one(router: Router, outer: Call, entry: Any) -> dict[str, Any]:
    try:
        return router.dispatch(_inner_call(outer, entry)).envelope()
    except ApiError as error:
        return error.envelope()


def _inner_call(outer: Call, entry: Any) -> Call:
    if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
        raise WrongTypeError(entry, "ApiCall", "calls")
    method = str(entry.get("method", "GET")).upper()
    path, _, raw_query = entry["url"].partition("?")
    body = entry.get("body")
    if body is not None and not isinstance(body, str):
        raise WrongTypeError(body, "string", "body")
    try:
        parsed = orjson.loads(body) if body else None
    except orjson.JSONDecodeError as error:
        raise UnprocessableError("Request body is not valid JSON", "body") from error
    args = parse_query(raw_query, outer.store.knobs)
    if method in {"GET", "DELETE"} and isinstance(parsed, dict):
        args = {**args, **parsed}
    context = Context(outer.store, outer.context.clock, outer.context.tick, lagging=method == "GET")
    return Call(method, path.removeprefix(_PREFIX), args, parsed, outer.store, context)


def entities_by_links(call: Call) -> Answer:
    """Entities of a list of links; what the user may not see is silently left out."""
    links = call.body
    if not isinstance(links, list):
        raise WrongTypeError(links, "BaseEntity[]")
    found: list[Record] = []
    for link in links:
        content_type = link.get("contentType") if isinstance(link, dict) else None
        if content_type == "Employee":
            raise ServerError("Call to a member function getModel() on null")
        record = call.store.find(str(content_type), link.get("id") if isinstance(link, dict) else None)
        if record is not None and call.store.is_visible(record):
            found.append(record)
    found.sort(key=lambda record: (record.content_type, int(record.id)))
    renderer = Renderer(call.context, route="link")
    if call.store.knobs.links_give == "card":
        return Answer([renderer.card(record) for record in found])
    return Answer([renderer.item(record, Selection()) for record in found])

"""Arguments of GET and DELETE: one JSON object, percent-encoded, as the whole query string."""

from typing import Any
from urllib.parse import unquote

import orjson

from ..errors import ExtraFieldError, UnprocessableError, WrongTypeError
from ..knobs import Knobs

PAGING = frozenset(
    {"limit", "pageAfter", "pageBefore", "pageWith", "fields", "onlyRequestedFields", "sortBy"}
)


def parse_query(raw: str, knobs: Knobs) -> dict[str, Any]:
    """Return the arguments; anything but a JSON object is no argument at all.

    :raises UnprocessableError: only if the knob ``bad_query`` says so.
    """
    if not raw:
        return {}
    try:
        parsed = orjson.loads(unquote(raw))
    except orjson.JSONDecodeError:
        parsed = None
    if isinstance(parsed, dict):
        return parsed
    if knobs.bad_query == "422":
        raise UnprocessableError("Request query is not a JSON object")
    return {}


def check_arguments(args: dict[str, Any], known: frozenset[str], request_type: str, knobs: Knobs) -> None:
    """Refuse arguments a route does not define.

    :raises UnprocessableError: with the name of the first extra argument.
    """
    if knobs.unknown_args == "ignore":
        return
    for name in args:
        if name not in known and name != "access_token":
            raise ExtraFieldError(name, request_type)


def read_limit(args: dict[str, Any], knobs: Knobs) -> int:
    """Return the effective page size: numbers may come as text; the cap cuts silently.

    :raises UnprocessableError: not a positive number.
    """
    value = args.get("limit", 100)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongTypeError(value, "integer", "limit")
    if value < 1:
        raise UnprocessableError("Значение должно быть больше 0", "limit")
    return min(value, knobs.limit_cap) if knobs.limit_cap else value


def read_flag(args: dict[str, Any], name: str) -> bool:
    """Return a boolean argument.

    :raises UnprocessableError: any other type.
    """
    value = args.get(name)
    if value is not None and not isinstance(value, bool):
        raise WrongTypeError(value, "boolean", name)
    return bool(value)

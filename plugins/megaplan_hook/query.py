"""How Megaplan wants the arguments of GET and DELETE: one JSON object as the whole query string.

``GET /api/v3/deal?%7B%22limit%22%3A50%7D``. Ordinary ``limit=50`` pairs are not understood as arguments and
silently ignored (dev.megaplan.ru/apiv3, confirmed by several public clients).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson

API_PREFIX = "/api/v3"


def encode_arguments(arguments: Mapping[str, Any]) -> str:
    """Write arguments as a query string, without the question mark; no arguments give an empty string.

    The order is that of the mapping, so equal calls give equal URLs.
    """
    if not arguments:
        return ""
    return quote(orjson.dumps(dict(arguments)), safe="")


def path_id(entity_id: object) -> str:
    """Escape an id for use in a path: some ids are not numbers (``Todo/5819``)."""
    return quote(str(entity_id), safe="")


def route(path_with_query: str) -> str:
    """Reduce a request's path to what messages may show: ``/api/v3/deal?…`` is ``/deal``."""
    return path_with_query.partition("?")[0].removeprefix(API_PREFIX)

"""Reads Megaplan's values where Python needs them; what does not fit becomes None."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

_MOST_DIGITS = 19
"""Of an id: Postgres' bigint has no more."""


def text(value: Any) -> str | None:
    """Read a string or a number as text. U+0000, which Postgres cannot store, becomes U+FFFD."""
    kind = type(value)
    if kind is str:
        return str(value).replace("\0", "\ufffd")
    return str(value) if kind is int or kind is float else None


def boolean(value: Any) -> bool | None:
    """Read true or false, and nothing else."""
    return value if value is True or value is False else None


def moment(value: Any) -> str | None:
    """Read ``{"contentType":"DateTime","value":"2026-09-21T09:15:00+00:00"}`` as text for Postgres.

    Text without a zone is UTC: sessions of this package run in UTC.
    """
    if isinstance(value, dict):
        value = value.get("value")
    if not isinstance(value, str):
        return None
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return None
    return value


def identifier(value: Any) -> int | None:
    """Read an id, which Megaplan sends as a string of digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS:
        return int(value)
    return None


def link_id(value: Any, content_types: Collection[str] | None = None) -> int | None:
    """Read the id of a linked entity if its type is one of ``content_types``."""
    if not isinstance(value, dict):
        return None
    if content_types is not None and value.get("contentType") not in content_types:
        return None
    return identifier(value.get("id"))

"""Reads Megaplan's values where Python needs them; what does not fit becomes None."""

import re
import unicodedata
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from megaplan_hook.date_times import datetime_value

_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[-0-9+:. TZ]*")
_POSITION = re.compile(r"[0-9]*")
_LARGEST_OFFSET = timedelta(hours=15, minutes=59, seconds=59)
"""Of a time zone to Postgres."""
_LARGEST_ID = 2**63 - 1
"""The largest bigint."""


def text(value: Any) -> str | None:
    """Read a string or a number as text. U+0000, which Postgres cannot store, becomes U+FFFD."""
    kind = type(value)
    if kind is str:
        return str(value).replace("\0", "\ufffd")
    return str(value) if kind is int or kind is float else None


def visible_text(value: str, most: int) -> str:
    """Return what a person sees of a text: without control characters, invisible marks and marks of direction.

    :param most: characters; what is longer is cut, and ends with an ellipsis
    """
    seen = (" " if character.isspace() else character for character in value[: 10 * most])
    shown = "".join(character for character in seen if unicodedata.category(character)[0] != "C")
    shown = " ".join(shown.split())
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def boolean(value: Any) -> bool | None:
    """Read true or false, and nothing else."""
    return value if value is True or value is False else None


def moment(value: Any) -> datetime | None:
    """Read ``{"contentType":"DateTime","value":"2026-09-21T09:15:00+00:00"}``, or its text alone, in UTC.

    Reads nothing that ``megaplan_raw.as_time`` does not read, or a row would be older here than in its table.
    """
    written = time_text(value)
    if written is None or not _TIME.fullmatch(written):
        return None
    try:
        read = datetime.fromisoformat(written)
        offset = read.utcoffset() or timedelta()
        if abs(offset) > _LARGEST_OFFSET or offset.microseconds:
            return None
        return datetime_value(written)
    except ValueError:
        return None


def time_text(value: Any) -> str | None:
    """Return the text of a point in time as Megaplan wrote it, for Postgres to read."""
    if isinstance(value, dict):
        value = value.get("value")
    return value if isinstance(value, str) else None


def identifier(value: Any) -> int | None:
    """Read an id, which Megaplan sends as a string of digits, like ``megaplan_raw.as_id``."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(_LARGEST_ID)):
        value = int(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= _LARGEST_ID else None


def entries(value: Any) -> list[Any]:
    """Read a list, an object with positions as keys, or a single entry, like ``megaplan_raw.as_list``."""
    if not isinstance(value, dict):
        return value if isinstance(value, list) else []
    is_entry = any(not _POSITION.fullmatch(key) and not isinstance(each, dict) for key, each in value.items())
    return [value] if is_entry else [value[key] for key in sorted(value, key=lambda key: (len(key), key))]


def link_id(value: Any, content_types: Collection[str] | None = None) -> int | None:
    """Read the id of a linked entity if its type is one of ``content_types``."""
    if not isinstance(value, dict):
        return None
    if content_types is not None and value.get("contentType") not in content_types:
        return None
    return identifier(value.get("id"))

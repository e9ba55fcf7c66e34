"""What is read alike of every vendor's responses: JSON, numbers, waits, clocks, what is no answer. Free of I/O."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

LONGEST_RETRY_AFTER_SECONDS = 3_600.0
"""A longer one counts as an hour, which is as long as any known limit of requests lasts."""


_WHOLE_NUMBER = re.compile(r"[+-]?[0-9]{1,18}")
"""Of 64 bits; int() refuses thousands of digits, and takes those of other scripts."""


def whole_number(value: Any) -> int | None:
    """Read a whole number, which may be written as a string; what is none, or has more than 18 digits, is None."""
    if isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value.strip()):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and abs(value) < 10**18 else None


def finite_number(value: Any) -> float | None:
    """Read a number, which may be written as a string; what is none, or has no end, is None."""
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_json(body: bytes) -> Any:
    """Parse JSON in any Unicode encoding, with byte order marks or without, whatever Content-Type says.

    :raises ValueError: it is no JSON
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        try:
            return json.loads(decoded(body))
        except RecursionError:
            raise ValueError("nested too deeply") from None


def decoded(body: bytes) -> str:
    """Return the text of a body without byte order marks; undecodable bytes become U+FFFD.

    A server may print several marks: one for each file that its code includes.
    """
    return body.decode(json.detect_encoding(body), errors="replace").lstrip("\ufeff \t\r\n")


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """Return the server's clock in UTC, from the header Date; None when it is missing or nonsense."""
    return _http_date(headers.get("Date"))


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Read the header Retry-After, seconds or an HTTP date; None when it names no time to wait.

    So do a missing one and nonsense, but also 0, a negative number and a date that is over. A date is compared with
    the server's own clock.

    :param headers: of ``requests`` or ``httpx``, which ignore case.
    """
    value = headers.get("Retry-After")
    if value is None:
        return None
    seconds = finite_number(value)
    if seconds is None:
        moment = _http_date(value)
        if moment is None:
            return None
        seconds = (moment - (server_time(headers) or datetime.now(UTC))).total_seconds()
    return min(seconds, LONGEST_RETRY_AFTER_SECONDS) if seconds > 0 else None


def what_came(status: int, body: bytes, remedy: str) -> str:
    """Describe a body that is no answer without quoting it.

    :param remedy: what to do where the address may be wrong.
    """
    start = decoded(body[:1000])[:200].lower()
    if 300 <= status < 400:
        return f"a redirect ({status}) instead of an answer; {remedy}"
    if not start:
        return f"empty body, {status}"
    if start.startswith("<"):
        page = "HTML page" if "html" in start else "XML or HTML document"
        return f"{page}, {status}" + (f"; {remedy}" if status < 500 else "")
    if start[:1] in ("{", "["):
        return f"truncated or broken JSON ({len(body)} bytes), {status}"
    return f"neither JSON nor HTML ({len(body)} bytes), {status}; {remedy}"


def _http_date(value: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value or "")
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

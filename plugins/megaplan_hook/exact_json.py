"""Reads JSON without loss: numbers keep all their digits, and what writers get wrong is read too. Free of I/O."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from megaplan_vendor_kit.responses import decoded

_DIGITS_ALIKE = bytes.maketrans(b"123456789.", b"0000000000")
_LONG_NUMBER = b"0" * 18
_MOST_DIGITS = 20
"""Of a number of 64 bits, with its sign; int() refuses thousands of them."""
_NUMBER = re.compile(rb"(?<=[:,\[ \n\t])-?[0-9][0-9.]{16,}(?:[eE][-+]?[0-9]+)?(?=[,\]} \n\t])")


def loads(body: bytes) -> Any:
    """Parse JSON.

    A number that a double would round comes as an :class:`orjson.Fragment` of its digits, which ``orjson.dumps``
    writes as they are. NaN, Infinity and numbers beyond a double are None; half a surrogate pair becomes a question
    mark; byte order marks are passed over.

    :raises ValueError: it is no JSON
    """
    if not _is_rounded(body):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass  # Python's parser reads more
    try:
        document = json.loads(
            decoded(body), parse_float=_exact_float, parse_int=_exact_int, parse_constant=lambda name: None
        )
        return _without_surrogates(document)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _is_rounded(body: bytes) -> bool:
    """Tell whether a double would lose digits of a number; few bodies hold one that is long enough."""
    if _LONG_NUMBER not in body.translate(_DIGITS_ALIKE):
        return False
    return any(not _fits(number) for number in _NUMBER.findall(body))


def _fits(number: bytes) -> bool:
    if number.lstrip(b"-").isdigit():
        return len(number) <= _MOST_DIGITS and -(2**63) <= int(number) < 2**64
    digits = re.sub(rb"[eE].*|[-.]", b"", number).strip(b"0")
    return len(digits) <= 15 or digits == re.sub(rb"[eE].*|[-.]", b"", repr(float(number)).encode()).strip(
        b"0"
    )


def _exact_float(text: str) -> Any:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        return None
    return value if _fits(text.encode()) else orjson.Fragment(text)


def _exact_int(text: str) -> Any:
    return int(text) if _fits(text.encode()) else orjson.Fragment(text)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", errors="replace").decode()
    if isinstance(value, list):
        return [_without_surrogates(entry) for entry in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(entry) for key, entry in value.items()}
    return value

"""Reads JSON without loss: numbers keep all their digits, and what writers get wrong is read too. Free of I/O."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from megaplan_vendor_kit.responses import decoded

_DIGITS_ALIKE = bytes.maketrans(b"123456789.E", b"0000000000e")
_IN_NO_NUMBER = bytes(set(range(256)).difference(b"0123456789.eE-,: "))
_LONG_NUMBER = b"0" * 18
_TINY_NUMBER = b"0e-000"
_LEAST_EXACT = 1e-307
"""Smaller doubles have fewer digits, or are 0."""
_MOST_DIGITS = 20
"""Of a number of 64 bits, with its sign; int() refuses thousands of them."""
_ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\."
)
"""An escape in a string: a surrogate pair, half of one, or the beginning of any other."""
_HALF_A_PAIR = len(b"\\ud83d")
_NUMBER = re.compile(
    rb"(?<=[:,\[ \n\r\t])-?[0-9](?:[0-9.]{16,}(?:[eE][-+]?[0-9]+)?|[0-9.]*[eE]-[0-9]{3,})(?=[,\]} \n\r\t])"
)

_MOST_LEVELS = 300
"""More than Megaplan sends, more than can be stored, and fewer than Python's parser reads."""
_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{]|[\]}]', re.DOTALL)


def loads(body: bytes, lost: list[str] | None = None) -> Any:
    """Parse JSON.

    A number that a double would round comes as an :class:`orjson.Fragment` of its digits, which ``orjson.dumps``
    writes as they are. NaN, Infinity and numbers beyond a double are None; half a surrogate pair becomes a question
    mark; byte order marks are passed over. What is nested more than a thousand levels deep, which no parser reads, is
    None from level 300 on.

    :param lost: gets the numbers that have become None
    :raises ValueError: it is no JSON
    """
    if not _is_rounded(body):
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            pass  # Python's parser reads more
    body = _ESCAPE.sub(lambda found: b"?" if len(found[0]) == _HALF_A_PAIR else found[0], body)
    no_numbers = [] if lost is None else lost
    try:
        return json.loads(
            _cut(decoded(body)),
            parse_float=lambda text: _exact_float(text, no_numbers),
            parse_int=_exact_int,
            parse_constant=no_numbers.append,
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _cut(text: str) -> str:
    """Replace by null what is nested too deeply."""
    kept: list[str] = []
    level = end = 0
    for found in _BRACKET.finditer(text):
        if found[0] in "[{":
            level += 1
            if level == _MOST_LEVELS:
                kept.append(text[end : found.start()])
        elif found[0] in "]}":
            if level == _MOST_LEVELS:
                kept.append("null")
                end = found.end()
            level -= 1
    return "".join((*kept, text[end:])) if kept else text


def _is_rounded(body: bytes) -> bool:
    """Tell whether a double would lose digits of a number; few bodies hold one that is long enough.

    Looking for one is quicker without the characters that are in no number and separate none.
    """
    alike = body.translate(_DIGITS_ALIKE, _IN_NO_NUMBER)
    if _LONG_NUMBER not in alike and _TINY_NUMBER not in alike:
        return False
    return any(not _fits(number) for number in _NUMBER.findall(body))


def _fits(number: bytes) -> bool:
    if number.lstrip(b"-").isdigit():
        return len(number) <= _MOST_DIGITS and -(2**63) <= int(number) < 2**64
    digits = re.sub(rb"[eE].*|[-.]", b"", number).strip(b"0")
    if digits and abs(float(number)) < _LEAST_EXACT:
        return False
    return len(digits) <= 15 or digits == re.sub(rb"[eE].*|[-.]", b"", repr(float(number)).encode()).strip(
        b"0"
    )


def _exact_float(text: str, lost: list[str]) -> Any:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        lost.append(text)
        return None
    return value if _fits(text.encode()) else orjson.Fragment(text)


def _exact_int(text: str) -> Any:
    return int(text) if _fits(text.encode()) else orjson.Fragment(text)

"""Replaces everything personal in recorded traffic, consistently. Free of I/O.

What is kept is listed, everything else is replaced: structure, types, lengths, ids, times that are not birthdays, and
words under keys whose values are words of the API. A replaced text has letters where there were letters and digits
where there were digits. Equal texts are replaced alike, telephone numbers wherever and however they are written, so
rows still refer to each other. The key is thrown away with the run: nobody can reverse it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from megaplan_sync.doctor.replaced_phones import FEWEST_DIGITS, ReplacedPhones

WORDS = frozenset(
    [
        "contentType",
        "type",
        "result",
        "currency",
        "currencyCode",
        "fieldName",
        "fields",
        "field",
        "order",
        "sortBy",
        "mnemonic",
        "method",
        "direction",
        "finish_reason",
        "finishReason",
        "status",
        "status_mnemonic",
        "data_type",
        "dataType",
        "grant_type",
        "token_type",
        "report_type",
        "operator",
        "stage_status",
        "communication_type",
        "component",
        "event_mnemonic",
        "call_status",
        "timezone",
        "discountType",
        "onlyRequestedFields",
        "error",
    ]
)
"""Keys whose values are words of the API; a value that is no such word is replaced all the same."""
NUMBERS = frozenset(
    [
        "id",
        "limit",
        "offset",
        "count",
        "total_items",
        "countItemsTotal",
        "position",
        "order",
        "code",
        "expires_in",
        "page",
        "pageSize",
        "remaining",
        "reset",
        "value_id",
        "year",
        "month",
        "day",
        "minute",
        "hour",
        "requests_per_second",
        "day_limit_id",
        "stage_order",
        "app_id",
    ]
)
"""Keys whose numbers are kept, with those that end like ids and durations."""
_LIKE_IDS = re.compile(r"(?:.*(?:Id|_id|_ids|Count|_count|duration|_time_s)|id)$")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,80}")
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,80}")
_CUSTOM = re.compile(r"((?:Category)?\d*CustomField)(\w+)")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_BIRTHDAY = re.compile(r"birth|rozhd|rojd", re.IGNORECASE)
_SMALL_ID = re.compile(r"\d{1,9}")
_SCHEME = re.compile(r"https?://")
_SEGMENT = re.compile(r"[A-Za-z][A-Za-z_.]{0,40}|v?\d{1,9}(?:\.\d)?|")
_SECRETS = frozenset(
    [
        "access_token",
        "refresh_token",
        "password",
        "username",
        "login",
        "client_secret",
        "client_id",
        "token",
        "secret",
        "uuid",
    ]
)


class Anonymiser:
    """One recording's replacements.

    :param key: random; who has it can check guesses
    :param region: of telephone numbers without a country's code, as the account's quirk ``default_phone_region`` says
    """

    def __init__(self, key: bytes, region: str = "RU") -> None:
        self._key = key
        self._phones = ReplacedPhones(self._digits, self._letters, region)

    def value(self, value: Any, key: str = "") -> Any:
        """Replace what is personal in a JSON value.

        :param key: under which the value stands; entries of a list stand under that of the list
        """
        if isinstance(value, Mapping):
            is_birthday = bool(_BIRTHDAY.search(key))
            if is_birthday and value.get("contentType") == "DateOnly" and "year" in value:
                return {**value, "year": 1970, "month": 1, "day": 1}
            return {
                self.key(name): self.value(each, key if is_birthday and name == "value" else name)
                for name, each in value.items()
            }
        if isinstance(value, list):
            return [self.value(each, key) for each in value]
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float | Decimal):
            return self._number(value, key)
        return self._text(str(value), key)

    def key(self, name: str) -> str:
        """Return a key of an object; the part of a custom field's key that comes from its title is replaced."""
        if custom := _CUSTOM.fullmatch(name):
            return custom.group(1) + self._letters(custom.group(2))
        return name if _KEY.fullmatch(name) else self._letters(name)

    def path(self, path: str) -> str:
        """Replace what is personal in the path of a URL."""
        return "/".join(
            segment if _SEGMENT.fullmatch(segment) else quote(self._letters(unquote(segment)), safe="")
            for segment in path.split("/")
        )

    def query(self, query: str) -> str:
        """Replace what is personal in a query: Megaplan's is one JSON object."""
        if not query:
            return ""
        try:
            return quote(dumps(self.value(loads(unquote(query)))), safe="")
        except ValueError:
            return urlencode([(self.key(name), self._text(value, name)) for name, value in parse_qsl(query)])

    def body(self, body: bytes, content_type: str) -> Any:
        """Return a body without what is personal: JSON as it is built, anything else as letters."""
        text = body.decode("utf-8", errors="replace")
        try:
            return {"json": self.value(loads(text))}
        except ValueError:
            pass
        if "form" in content_type:
            return {"json": {name: self._text(value, name) for name, value in parse_qsl(text)}}
        return {"text": re.sub(r"\w", "x", text)}

    def _text(self, text: str, key: str) -> str:
        if not text or key in _SECRETS:
            return self._letters(text)
        if _CUSTOM.fullmatch(text):
            return self.key(text)
        if (key in WORDS and _WORD.fullmatch(text)) or (key == "jsonrpc" and text == "2.0"):
            return text
        if _TIME.fullmatch(text):
            return "1970-01-01" + text[10:] if _BIRTHDAY.search(key) else text
        if _LIKE_IDS.fullmatch(key) and _SMALL_ID.fullmatch(text):
            return text
        if scheme := _SCHEME.match(text):
            return scheme.group() + self._letters(text[scheme.end() :])
        if sum(map(str.isdigit, text)) >= FEWEST_DIGITS:
            return self._phones.text(text)
        return self._letters(text)

    def _letters(self, text: str) -> str:
        """Replace each letter and digit of a text by another one; case and signs stay."""
        stream = self._stream(text.lower(), len(text))
        return "".join(_replaced(character, byte) for character, byte in zip(text, stream, strict=True))

    def _number(self, value: Any, key: str) -> Any:
        if key in NUMBERS or _LIKE_IDS.fullmatch(key) or value in (0, 1):
            return value
        text = f"{value:f}" if isinstance(value, Decimal) else str(value)
        if not re.fullmatch(r"-?\d+(?:\.\d+)?", text):
            return 0  # NaN and the like
        stream = self._stream(f"number {text}", len(text))
        made = "".join(
            str(byte % 9 + 1) if character.isdigit() else character
            for character, byte in zip(text, stream, strict=True)
        )
        return int(made) if isinstance(value, int) else Decimal(made)

    def _digits(self, text: str, count: int) -> str:
        return "".join(str(byte % 10) for byte in self._stream(text, count))

    def _stream(self, text: str, length: int) -> bytes:
        made = b""
        while len(made) < length:
            made += hmac.new(self._key, f"{len(made)} {text}".encode(), hashlib.sha256).digest()
        return made[:length]


def loads(text: str | bytes) -> Any:
    """Read JSON with exact numbers.

    :raises ValueError: it is none
    """
    return json.loads(text, parse_float=Decimal)


def dumps(value: Any) -> str:
    """Write JSON with exact numbers."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_marked)
    return _MARKED.sub(lambda found: found.group(1), text)


_MARKED = re.compile(r'"\\u0001([-+0-9.]+)\\u0001"')


def _marked(number: Decimal) -> str:
    return f"\u0001{number:f}\u0001"


def _replaced(character: str, byte: int) -> str:
    if character.isdigit():
        return str(byte % 10)
    if not character.isalpha():
        return character
    alphabet = "abcdefghijklmnopqrstuvwxyz" if character.isascii() else "абвгдежзиклмнопрстуфхцчшыэюя"
    letter = alphabet[byte % len(alphabet)]
    return letter.upper() if character.isupper() else letter

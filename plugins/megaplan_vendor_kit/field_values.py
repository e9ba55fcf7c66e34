"""Read single setting values: lenient on form (JSON types or the strings of a URI), strict on value."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from megaplan_vendor_kit.field_error import FieldError

TRUE_WORDS = frozenset({"true", "yes", "on", "1"})
_PATH_PART = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@-]+")
FALSE_WORDS = frozenset({"false", "no", "off", "0"})


def unknown_name(name: str, known: Collection[str]) -> str:
    """Say which of the known names was probably meant."""
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"use {near[0]!r}" if near else "remove it; known names are " + ", ".join(sorted(known))


@dataclass(frozen=True)
class FieldValues:
    """The raw values of one connection, read by name; a bad value raises the hook's own error.

    :param connection_id: for messages.
    :param values: raw values by name; a missing one, None and an empty string all mean the default.
    :param error: the hook's own kind of error about a field.
    :param prefix: put before names in messages, such as ``vendor_quirks.``.
    """

    connection_id: str
    values: Mapping[str, Any]
    error: type[FieldError]
    prefix: str = ""

    def refuse(self, name: str, problem: str, remedy: str) -> FieldError:
        """Build the error about one field."""
        return self.error(self.connection_id, self.prefix + name, problem, remedy)

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Refuse the first name that is not known."""
        for name in self.values:
            if name not in known:
                raise self.refuse(str(name), "there is no such setting", unknown_name(str(name), known))

    def _raw(self, name: str) -> Any:
        value = self.values.get(name)
        if isinstance(value, str):
            value = value.strip()
        return None if value == "" else value

    def is_given(self, name: str) -> bool:
        """Say whether there is a value."""
        return self._raw(name) is not None

    def boolean(self, name: str, default: bool) -> bool:
        """Read true or false."""
        value = self._raw(name)
        if value is None:
            return default
        word = str(value).lower()
        if word not in TRUE_WORDS | FALSE_WORDS:
            raise self.refuse(name, f"{value!r} is given, allowed are true and false", "correct it")
        return word in TRUE_WORDS

    def number(self, name: str, default: float, low: float, high: float, unit: str) -> float:
        """Read a number within a range, both ends allowed."""
        value = self._raw(name)
        if value is None:
            return default
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not low <= number <= high:
            raise self.refuse(
                name,
                f"{value!r} is given, allowed is a number from {low:g} to {high:g}",
                f"give {unit} in that range",
            )
        return number

    def whole_number(self, name: str, default: int, low: int, high: int, unit: str) -> int:
        """Read a whole number within a range, both ends allowed."""
        number = self.number(name, default, low, high, unit)
        if number != int(number):
            raise self.refuse(
                name,
                f"{self.values[name]!r} is given, allowed is a whole number from {low} to {high}",
                f"give {unit} without a fraction",
            )
        return int(number)

    def choice(self, name: str, default: str, allowed: Collection[str]) -> str:
        """Read one of a few words."""
        value = self._raw(name)
        if value is None:
            return default
        word = str(value).lower()
        if word not in allowed:
            raise self.refuse(
                name, f"{value!r} is given, allowed are {', '.join(allowed)}", "choose one of these"
            )
        return word

    def text(self, name: str, *, secret: bool = False) -> str | None:
        """Read a text; a missing one is None. The value of a secret stays out of messages."""
        value = self._raw(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, str | int):
            given = "something else" if secret else repr(value)
            raise self.refuse(name, f"{given} is given, allowed is a text", "correct it")
        return str(value)

    def path_secret(self, name: str) -> str | None:
        """Read a secret that stands in the path of an address; a missing one is None.

        A slash, a question mark or a per cent sign would end the path or change it on the way: nobody would pass.
        """
        secret = self.text(name, secret=True)
        if secret is not None and (not _PATH_PART.fullmatch(secret) or secret in (".", "..")):
            raise self.refuse(
                name,
                "it stands in an address, and holds what has no place there, such as / or %",
                "make another one with openssl rand -hex 24",
            )
        return secret

    def header_secret(self, name: str) -> str | None:
        """Read a secret that is sent in a header, which takes no letters but Latin ones; a missing one is None."""
        secret = self.text(name, secret=True)
        if secret is not None and not re.fullmatch(r"[\x21-\x7e]+", secret):
            raise self.refuse(
                name, "it holds something else than Latin letters, digits and signs", "copy it once more"
            )
        return secret

    def text_list(self, name: str, what: str) -> tuple[str, ...]:
        """Read texts separated by commas, or a JSON list of them; a missing one is empty.

        :param what: for messages, such as ``numbers``.
        """
        value = self._raw(name)
        if isinstance(value, str) and value.startswith("["):
            try:
                value = json.loads(value)
            except ValueError:
                raise self.refuse(
                    name, "the text given is no JSON list", f"separate the {what} by commas"
                ) from None
        if value is None:
            return ()
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        entries = value if isinstance(value, list) else str(value).split(",")
        return tuple(str(entry).strip() for entry in entries if str(entry).strip())

    def json_object(self, name: str) -> dict[str, Any]:
        """Read a JSON object or its text; a missing one is empty."""
        value = self._raw(name)
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise self.refuse(
                    name,
                    "the text given is no JSON, allowed is one JSON object",
                    'write it as {"name": "value"}',
                ) from None
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            raise self.refuse(
                name,
                f"a JSON {type(value).__name__} is given, allowed is one JSON object",
                'write it as {"name": "value"}',
            )
        return dict(value)

    def time_zone(self, name: str, default: str) -> str:
        """Read the IANA name of a time zone."""
        zone = self.text(name) or default
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise self.refuse(
                name, f"{zone!r} is given, allowed is a name of the IANA list", f"write {default}"
            ) from None
        return zone

    def verify(self) -> bool | str:
        """Read ``verify`` of requests: check certificates, or the path of a CA bundle."""
        value = self.values.get("verify")
        if isinstance(value, str) and ("/" in value or "\\" in value):
            return value
        return self.boolean("verify", True)

    def proxies(self) -> dict[str, str]:
        """Read ``proxies`` of requests."""
        proxies = self.json_object("proxies")
        if not all(isinstance(url, str) for url in proxies.values()):
            raise self.refuse(
                "proxies", "not every value is a text", 'write {"https": "http://proxy.example.org:3128"}'
            )
        return proxies

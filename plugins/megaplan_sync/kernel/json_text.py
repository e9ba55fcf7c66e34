"""JSON that is already encoded: UTF-8 bytes that are sent to Postgres as they are."""

import re
from typing import Any

import orjson
from psycopg import Connection
from psycopg.adapt import Dumper


class JsonText(bytes):
    """JSON in UTF-8; register it with ``send_json_as_it_is`` first."""


class _JsonTextDumper(Dumper):
    def dump(self, obj: JsonText) -> JsonText:
        return obj


_ESCAPE = re.compile(rb"\\u0000|\\.")


def json_text(value: Any) -> JsonText:
    """Encode a value as JSON that jsonb can hold: U+0000 becomes U+FFFD."""
    return JsonText(without_nul(orjson.dumps(value)))


def without_nul(text: bytes) -> bytes:
    """Replace U+0000 in encoded JSON by U+FFFD."""
    if b"\\" not in text or b"\\u0000" not in text:  # looking for one byte is quicker
        return text
    return _ESCAPE.sub(lambda found: "\ufffd".encode() if found[0] == b"\\u0000" else found[0], text)


def send_json_as_it_is(connection: Connection[Any]) -> None:
    """Let a session accept ``JsonText`` in statements and in COPY."""
    connection.adapters.register_dumper(JsonText, _JsonTextDumper)

"""JSON that is already encoded: UTF-8 bytes that are sent to Postgres as they are."""

from typing import Any

from psycopg import Connection
from psycopg.adapt import Dumper


class JsonText(bytes):
    """JSON in UTF-8; register it with ``send_json_as_it_is`` first."""


class _JsonTextDumper(Dumper):
    def dump(self, obj: JsonText) -> JsonText:
        return obj


def send_json_as_it_is(connection: Connection[Any]) -> None:
    """Let a session accept ``JsonText`` in statements and in COPY."""
    connection.adapters.register_dumper(JsonText, _JsonTextDumper)

"""JSON that is ready to be sent: UTF-8 bytes that Postgres parses, not text to be encoded once more."""

from typing import Any

from psycopg import Connection
from psycopg.adapt import Dumper


class JsonText(bytes):
    """JSON in UTF-8. A session has to know it, see ``send_json_as_it_is``."""


class _JsonTextDumper(Dumper):
    def dump(self, obj: JsonText) -> JsonText:
        return obj


def send_json_as_it_is(connection: Connection[Any]) -> None:
    """Let a session take ``JsonText`` in statements and in COPY."""
    connection.adapters.register_dumper(JsonText, _JsonTextDumper)

"""Writes rows in the text format of Postgres' COPY: a fraction of the time of adapting value by value."""

from collections.abc import Iterable
from typing import Any

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\ufffd"})


def copy_text(rows: Iterable[tuple[Any, ...]]) -> bytes:
    r"""Return rows as lines of COPY's text format (UTF-8, tab between fields, ``\N`` for null).

    ``bytes`` are taken as JSON text, lists as arrays of integers.
    """
    return b"".join([b"\t".join([_field(value) for value in row]) + b"\n" for row in rows])


def _field(value: Any) -> bytes:
    if value is None:
        return rb"\N"
    kind = type(value)
    if kind is bytes:  # JSON holds no tab, newline or NUL, but backslashes
        return value.replace(b"\\", b"\\\\") if b"\\" in value else bytes(value)
    if kind is str:
        return str(value).translate(_ESCAPES).encode("utf-8", "replace")
    if kind is bool:
        return b"t" if value else b"f"
    if kind is list:
        return b"{%s}" % b",".join(b"%d" % entry for entry in value)
    return str(value).encode()

"""Parses the body of a notification, in whatever format it was sent, into one JSON object. Free of I/O; never fails.

UIS expands ``{{macro}}`` to JSON literals in a template that the customer writes, so bodies are more or less JSON:
sent as ``application/json`` or ``text/plain``, as the only key of a form, or as a query string whose values are
literals (``direction="in"``), with unknown macros left unexpanded (``{{employee_id}}``), or with literals that the
template quotes again (``""in""``). All of these have been seen at the vendor's customers.
"""

import json
import re
from collections.abc import Callable
from email.parser import BytesParser
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

_LITERAL_MACRO = re.compile(r"\{\{\s*\w+\s*\}\}")
_BARE_MACRO = re.compile(r"(?<=[:,\[])(\s*)\{\{\s*\w+\s*\}\}")
_QUOTED_TWICE = re.compile(r'(?<=[:,\[])(\s*)"("(?:[^"\\]|\\.)*")"(?=\s*[,}\]])')
_PAIR_BORDER = re.compile(r"&(?=[A-Za-z_]\w*=)")
# the vendor's default query of call_session_finished lacks an "&": communication_number=1employee_full_name="…"
_MISSING_BORDER = re.compile(r"^(null|true|false|-?\d+)([a-z_][a-z0-9_]*)=(.*)$", re.DOTALL)
_SECRET_IN_JSON = re.compile(rb'("secret"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|[^,}\s]+)')
_SECRET_IN_QUOTED_JSON = re.compile(
    rb"(%22secret%22(?:%3A|:)(?:%20|\+)*)(?:%22(?:(?!%22).)*%22|[^%&]+)", re.IGNORECASE
)
_SECRET_IN_FORM = re.compile(rb"((?:^|[?&])secret=)[^&]*")
# strict=False accepts line breaks in strings; NaN and Infinity are not JSON
_DECODER = json.JSONDecoder(strict=False, parse_constant=lambda name: None)
_MOST_MISSING_BORDERS = 8
_DEEPEST = 60
MASK = "***"


class Body(NamedTuple):
    """A parsed body.

    :param values: the object; None if the body could not be parsed
    :param broken: why it could not be parsed
    :param repaired: what had to be repaired first, one phrase each
    """

    values: dict[str, Any] | None
    broken: str | None = None
    repaired: tuple[str, ...] = ()


class _UnreadableError(Exception):
    """The text does not have the expected format."""


def read_body(body: bytes, content_type: str | None, query: str | None = None) -> Body:
    """Parse the body, or the query string of a request without a body (GET)."""
    repaired: list[str] = []
    try:
        if not body.strip():
            if not query:
                return Body(None, "the body is empty")
            values = _object(_pairs(query), repaired)
        else:
            values = _posted(body, content_type or "", repaired)
        return Body(_clean(values, repaired, 0), None, _each_once(repaired))
    except _UnreadableError as error:
        return Body(None, str(error), _each_once(repaired))


def without_secrets(raw: bytes) -> bytes:
    """Mask the value of ``secret``, which templates and URLs may contain: no secret is stored."""
    if b"secret" not in raw.lower():  # nearly always
        return raw
    mask = MASK.encode()
    raw = _SECRET_IN_JSON.sub(rb'\1"' + mask + rb'"', raw)
    raw = _SECRET_IN_QUOTED_JSON.sub(rb"\1%22" + mask + rb"%22", raw)
    return _SECRET_IN_FORM.sub(rb"\1" + mask, raw)


def _posted(body: bytes, content_type: str, repaired: list[str]) -> dict[str, Any]:
    """Try the possible formats, from the strictest to the most lenient."""
    if "multipart/" in content_type.lower():
        return _object(_parts(body, content_type), repaired)
    text = _decoded(body, content_type, repaired)
    attempts: list[Callable[[], Any]] = [
        lambda: _json(text),
        lambda: _json(_unquoted(text)),
        lambda: _json(_mended(text, repaired)),
        lambda: _json(_mended(_unquoted(text), repaired)),
        lambda: _pairs(text),
    ]
    reason = "the body is empty"
    for attempt in attempts:
        try:
            return _object(attempt(), repaired)
        except _UnreadableError as error:
            # the error in the original text is more helpful than one in a repaired text
            reason = str(error) if attempt is attempts[0] else reason
    raise _UnreadableError(f"neither a JSON object nor form fields: {reason}")


def _unquoted(text: str) -> str:
    return unquote_plus(text).removesuffix("=")


def _decoded(body: bytes, content_type: str, repaired: list[str]) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    named = re.search(r"charset=\"?([\w.:-]+)", content_type, re.IGNORECASE)
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        charset = "utf-16"
    else:
        charset = named[1] if named and named[1].lower() not in {"utf-8", "utf8"} else "cp1251"
    repaired.append(f"the body is not UTF-8, read as {charset}")
    try:
        return body.decode(charset, "replace")
    except (LookupError, UnicodeError):  # an unknown charset, or one that is no charset ("idna", "undefined")
        return body.decode("cp1251", "replace")


def _json(text: str) -> Any:
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise _UnreadableError("it is nested too deeply") from None
    except ValueError as error:
        if isinstance(error, json.JSONDecodeError):
            raise _UnreadableError(f"{error.msg} at character {error.pos}") from None
        raise _UnreadableError("a number is too long") from None


def _mended(text: str, repaired: list[str]) -> str:
    """Repair what templates get wrong; repairs are recorded only if the result is JSON."""
    mended, macros = _BARE_MACRO.subn(r"\1null", text)
    mended, doubled = _QUOTED_TWICE.subn(r"\1\2", mended)
    _json(mended)
    if macros:
        repaired.append("macros were left unexpanded")
    if doubled:
        repaired.append("values were quoted twice")
    return mended


def _object(value: Any, repaired: list[str]) -> dict[str, Any]:
    if isinstance(value, str):  # JSON in a JSON string
        value = _json(value)
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict):
        raise _UnreadableError(f"it holds {_named(value)} instead of an object")
    if len(value) == 1:
        inner = next(iter(value.values()))
        if isinstance(inner, str) and inner.lstrip().startswith("{"):  # payload={…}
            try:
                return _object(_json(inner), repaired)
            except _UnreadableError:
                return _object(_json(_mended(inner, repaired)), repaired)
        if isinstance(inner, dict) and next(iter(value)) in {"payload", "data", "body"}:
            return inner
    return value


def _pairs(text: str) -> dict[str, Any]:
    """Parse ``name=literal&name=literal``; of equal names, the first one that is not null counts."""
    found: dict[str, Any] = {}
    waiting = _PAIR_BORDER.split(text.strip().removeprefix("?"))[::-1]
    missing_borders = 0
    while waiting:
        name, equals, raw = waiting.pop().partition("=")
        name = unquote_plus(name).strip()
        if not equals or not re.fullmatch(r"[A-Za-z_][\w.\[\]-]*", name):
            raise _UnreadableError("it does not consist of name=value")
        value = unquote_plus(raw).strip()
        run_together = _MISSING_BORDER.match(value) if missing_borders < _MOST_MISSING_BORDERS else None
        if run_together is not None:
            missing_borders += 1
            value = run_together[1]
            waiting.append(f"{run_together[2]}={run_together[3]}")
        if found.get(name) is None:
            found[name] = _literal(value)
    return found


def _literal(value: str) -> Any:
    """Parse the JSON literal of an expanded macro; other text is returned as it is."""
    try:
        return _json(value)
    except _UnreadableError:
        return value or None


def _parts(body: bytes, content_type: str) -> dict[str, Any]:
    head = " ".join(content_type.split()).encode("ascii", "replace")
    found: dict[str, Any] = {}
    try:
        message = BytesParser().parsebytes(b"Content-Type: " + head + b"\r\n\r\n" + body)
        for part in message.walk():
            name = part.get_param("name", header="content-disposition")
            content = part.get_payload(decode=True)
            if isinstance(name, str) and isinstance(content, bytes):
                found[name] = _literal(content.decode("utf-8", "replace").strip())
    except Exception:  # the email parser may fail in many ways, for nested parts and malformed headers
        raise _UnreadableError("its parts cannot be read") from None
    if not found:
        raise _UnreadableError("no field was found in its parts")
    return found


def _clean(value: Any, repaired: list[str], depth: int) -> Any:
    """Remove what Postgres cannot store and what has no content: NUL, lone surrogates, infinity, bare macros."""
    if depth > _DEEPEST:
        raise _UnreadableError("it is nested too deeply")
    if isinstance(value, dict):
        return {_text(key): _clean(inner, repaired, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner, repaired, depth + 1) for inner in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    if isinstance(value, str):
        if "{{" in value and _LITERAL_MACRO.fullmatch(value.strip()):
            repaired.append("macros were left unexpanded")
            return None
        return None if value == "null" else _text(value)
    return value


def _text(value: str) -> str:
    if value.isascii() and "\0" not in value:  # nearly always, and needs no copy
        return value
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _named(value: Any) -> str:
    return {list: "a list", str: "a text", type(None): "null", bool: "true or false"}.get(
        type(value), "a number"
    )


def _each_once(phrases: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phrases))

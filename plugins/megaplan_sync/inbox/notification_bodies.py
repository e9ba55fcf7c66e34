"""Reads the body of a notification, whatever it was sent as, into one JSON object. Free of I/O; never fails.

UIS expands ``{{macro}}`` to JSON literals inside of a template that the customer writes, so bodies are JSON more or
less: as ``application/json`` or ``text/plain``, as the only key of a form, as a query string whose values are
literals (``direction="in"``), with macros that the event does not know left standing (``{{employee_id}}``), with
literals that the template quotes once more (``""in""``). All of this was seen at the vendor's customers.
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
_MOST_MISSING_BORDERS = 8
_DEEPEST = 60
MASK = "***"


class Body(NamedTuple):
    """What a body says.

    :param values: the object; None if it could not be understood
    :param broken: why not
    :param repaired: what had to be put right first, one phrase each
    """

    values: dict[str, Any] | None
    broken: str | None = None
    repaired: tuple[str, ...] = ()


class _UnreadableError(Exception):
    """The text is not what it was taken for."""


def read_body(body: bytes, content_type: str | None, query: str | None = None) -> Body:
    """Read the body; of a request without one (GET) the query string."""
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
    """Mask the value of ``secret``, which templates and addresses may carry: no secret is stored."""
    mask = MASK.encode()
    raw = _SECRET_IN_JSON.sub(rb'\1"' + mask + rb'"', raw)
    raw = _SECRET_IN_QUOTED_JSON.sub(rb"\1%22" + mask + rb"%22", raw)
    return _SECRET_IN_FORM.sub(rb"\1" + mask, raw)


def _posted(body: bytes, content_type: str, repaired: list[str]) -> dict[str, Any]:
    """Try the forms a body may have, from the strictest to the most lenient."""
    if "multipart/" in content_type.lower():
        return _object(_parts(body, content_type), repaired)
    text = _decoded(body, content_type, repaired)
    unquoted = unquote_plus(text).removesuffix("=")
    attempts: list[Callable[[], Any]] = [
        lambda: _json(text),
        lambda: _json(unquoted),
        lambda: _json(_mended(text, repaired)),
        lambda: _json(_mended(unquoted, repaired)),
        lambda: _pairs(text),
    ]
    reason = "the body is empty"
    for attempt in attempts:
        try:
            return _object(attempt(), repaired)
        except _UnreadableError as error:
            # what is wrong with the text as it came tells more than what is wrong with a mended one
            reason = str(error) if attempt is attempts[0] else reason
    raise _UnreadableError(f"neither a JSON object nor form fields: {reason}")


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
    except (
        LookupError,
        UnicodeError,
    ):  # unknown, or one of those that never read such bytes ("idna", "undefined")
        return body.decode("cp1251", "replace")


def _json(text: str) -> Any:
    try:
        # strict=False: line breaks inside of strings; NaN and Infinity have no place in JSON
        return json.loads(text, strict=False, parse_constant=lambda name: None)
    except RecursionError:
        raise _UnreadableError("it is nested too deeply") from None
    except ValueError as error:
        told = error.msg if isinstance(error, json.JSONDecodeError) else "a number too long"
        where = f" at character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise _UnreadableError(f"{told}{where}") from None


def _mended(text: str, repaired: list[str]) -> str:
    """Put right what templates get wrong. What is not mended in the end is not noted either."""
    mended, macros = _BARE_MACRO.subn(r"\1null", text)
    mended, doubled = _QUOTED_TWICE.subn(r"\1\2", mended)
    _json(mended)
    if macros:
        repaired.append("macros were left unexpanded")
    if doubled:
        repaired.append("values were quoted twice")
    return mended


def _object(value: Any, repaired: list[str]) -> dict[str, Any]:
    if isinstance(value, str):  # JSON inside of a JSON string
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
    """Read ``name=literal&name=literal``; the first of equal names counts unless it is null."""
    found: dict[str, Any] = {}
    waiting = _PAIR_BORDER.split(text.strip().removeprefix("?"))[::-1]
    missing_borders = 0
    while waiting:
        name, equals, raw = waiting.pop().partition("=")
        name = unquote_plus(name).strip()
        if not equals or not re.fullmatch(r"[A-Za-z_][\w.\[\]-]*", name):
            raise _UnreadableError("it is not made of name=value")
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
    """Read the JSON literal a macro became; other text stands for itself."""
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
    except (
        Exception
    ):  # Python's parser of mails has its own ways of failing: parts in parts in parts, odd headers
        raise _UnreadableError("its parts cannot be read") from None
    if not found:
        raise _UnreadableError("no field was found in its parts")
    return found


def _clean(value: Any, repaired: list[str], depth: int) -> Any:
    """Drop what Postgres cannot hold and what says nothing: NUL, half letters, endless numbers, bare macros."""
    if depth > _DEEPEST:
        raise _UnreadableError("it is nested too deeply")
    if isinstance(value, dict):
        return {_text(key): _clean(inner, repaired, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner, repaired, depth + 1) for inner in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    if isinstance(value, str):
        if _LITERAL_MACRO.fullmatch(value.strip()):
            repaired.append("macros were left unexpanded")
            return None
        return None if value == "null" else _text(value)
    return value


def _text(value: str) -> str:
    if value.isascii() and "\0" not in value:  # nearly all: not worth a copy
        return value
    return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def _named(value: Any) -> str:
    return {list: "a list", str: "a text", type(None): "null", bool: "true or false"}.get(
        type(value), "a number"
    )


def _each_once(phrases: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(phrases))

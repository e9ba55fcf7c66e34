"""Types of settings: lenient on form (JSON types, or the text that a URI carries), strict on value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo

import idna
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import from_json

from megaplan_vendor_kit.setting import Setting

SCHEMES = ("https", "http")
MAKE_ANOTHER = "make another one with openssl rand -hex 24"
WRITE_AN_OBJECT = 'write it as {"name": "value"}'

Entry = TypeVar("Entry")


class RefusedValueError(ValueError):
    """A value that a setting cannot have, where the list of allowed values would not say why.

    :param problem: what is wrong and what is allowed; never the value of a secret.
    :param remedy: what to do; without it, the remedy of the setting.
    """

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def json_object(value: Any) -> Any:
    """Read the text of a JSON object; whatever else is no object is refused."""
    if isinstance(value, str):
        try:
            value = from_json(value)
        except ValueError:
            raise RefusedValueError(
                "the text given is no JSON, allowed: one JSON object", WRITE_AN_OBJECT
            ) from None
    if not isinstance(value, Mapping | BaseModel):
        raise RefusedValueError(
            f"a JSON {type(value).__name__} is given, allowed: one JSON object", WRITE_AN_OBJECT
        )
    return value


def split_address(address: str) -> SplitResult:
    """Take apart an http(s) address that holds no login and no password.

    The host comes as DNS, TLS and browsers know it: ``мегаплан.рф`` as ``xn--80aahh6acmn.xn--p1ai``.
    """
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise RefusedValueError("it is no address, or its port is no port") from None
    if "@" in parts.netloc:
        raise RefusedValueError("it contains an @", "put login and password into their own fields")
    if parts.scheme not in SCHEMES:
        raise RefusedValueError(f"the scheme {parts.scheme!r} is given, allowed: https and http")
    if not (parts.hostname or "").strip(".") or re.search(r"[\s,;]", parts.netloc):
        raise RefusedValueError(f"{address!r} is no address")
    host = _dns_name(parts.hostname or "")
    return parts._replace(netloc=host if parts.port is None else f"{host}:{parts.port}")


def _dns_name(host: str) -> str:
    if ":" in host:
        return f"[{host}]"
    try:
        # only checks the lengths of a name in ASCII: names of containers have underscores
        return host.encode("idna").decode() if host.isascii() else idna.encode(host, uts46=True).decode()
    except UnicodeError:  # idna.IDNAError is one
        raise RefusedValueError(f"{host!r} cannot be the name of a host") from None


def _http_url(url: str) -> str:
    parts = split_address(url)
    if parts.query or parts.fragment:
        raise RefusedValueError("it has a part behind ? or #")
    return parts.geturl().rstrip("/")


def _origin(url: str) -> str:
    parts = split_address(url.rstrip("/"))
    if parts.path or parts.query or parts.fragment:
        raise RefusedValueError("it has a path")
    default_port = {"https": ":443", "http": ":80"}[parts.scheme]
    return f"{parts.scheme}://{parts.netloc.removesuffix(default_port)}"


def _entries(value: Any) -> Any:
    if isinstance(value, str):
        value = from_json(value) if value.startswith("[") else value.split(",")
    elif isinstance(value, int):
        value = [value]
    if not isinstance(value, list):
        return value
    entries = [entry.strip() if isinstance(entry, str) else entry for entry in value]
    return [entry for entry in entries if entry != ""]


def _unguessable(value: str) -> str:
    if len(value) < 16 or len(set(value)) < 8:
        raise RefusedValueError("it is easy to guess, allowed: at least 16 characters, 8 of them different")
    return value


def _iso_date(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, OSError) as error:
        raise ValueError("no such zone") from error
    return name


# its value appears neither in messages nor in repr(), and as dots in the form
SECRET = Field(repr=False, json_schema_extra={"format": "password"})

# entries separated by commas, or a JSON list of them
ListOf = Annotated[
    tuple[Entry, ...],
    BeforeValidator(_entries),
    WithJsonSchema({"type": "string"}),
    Setting(allowed="texts separated by commas", remedy="separate them by commas"),
]
HttpUrl = Annotated[
    str,
    AfterValidator(_http_url),
    Setting(allowed="an address", remedy="write it with its scheme, such as https://calls.example.org"),
]
# as browsers send it
Origin = Annotated[
    str,
    AfterValidator(_origin),
    Setting(
        allowed="scheme and host, without a path",
        remedy="write it as https://widgets.example.org",
    ),
]
IsoDate = Annotated[
    date,
    BeforeValidator(_iso_date),
    WithJsonSchema({"type": "string"}),
    Setting(allowed="a date", remedy="write it as 2024-01-31"),
]
TimeZoneName = Annotated[
    str,
    AfterValidator(_time_zone),
    Setting(allowed="a name of the IANA list", remedy="write Europe/Moscow or the like"),
]
# stands in the path of an address, where / or ? would end it and % would change it on the way
PathSecret = Annotated[
    str | None,
    StringConstraints(pattern=r"^[A-Za-z0-9._~!$&'()*+,;=:@-]+$"),
    AfterValidator(_unguessable),
    SECRET,
    Setting(
        allowed="at least 16 letters, digits and signs, without /, % or whatever else has no place in an address",
        remedy=MAKE_ANOTHER,
    ),
]
# sent in a header
HeaderSecret = Annotated[
    str | None,
    StringConstraints(pattern=r"^[\x21-\x7e]+$"),
    SECRET,
    Setting(allowed="Latin letters, digits and signs", remedy="copy it once more"),
]

"""Every type of setting, given what people and programs write: taken as what it means, or refused with a remedy."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import BeforeValidator, Field

from megaplan_vendor_kit.connection_settings import ConnectionSettings, SettingsModel
from megaplan_vendor_kit.field_error import FieldError
from megaplan_vendor_kit.host_address import host_address
from megaplan_vendor_kit.setting import Setting
from megaplan_vendor_kit.setting_types import (
    HeaderSecret,
    HttpUrl,
    ListOf,
    Origin,
    PathSecret,
    TimeZoneName,
    json_object,
)

NAN, INFINITY = float("nan"), float("inf")


class OddError(FieldError):
    """Of this test's connection."""


class Quirks(SettingsModel):
    way: Literal["left", "right"] = "left"
    seconds: Annotated[int, Field(ge=1, le=60), Setting(unit="seconds")] = 10


class Settings(ConnectionSettings):
    error_class: ClassVar[type[FieldError]] = OddError

    flag: bool = True
    whole: Annotated[int, Field(ge=1, le=1000), Setting(unit="rows")] = 100
    fraction: Annotated[float, Field(ge=0.1, le=10), Setting(unit="seconds")] = 3.0
    absent: Annotated[int | None, Field(ge=30, le=90)] = None
    choice: Literal["none", "done"] = "none"
    text: str | None = None
    texts: ListOf[str] = ()
    numbers: ListOf[Annotated[str, Field(pattern="^[0-9]+$")]] = ()
    url: HttpUrl | None = None
    origin: Origin | None = None
    zone: TimeZoneName = "Europe/Moscow"
    path_part: PathSecret = None
    header: HeaderSecret = None
    quirks: Annotated[Quirks, BeforeValidator(json_object)] = Quirks()


@dataclass
class Connection:
    extra: str | None = None
    host: str | None = None
    port: int | None = None
    schema: str | None = None
    conn_id: str = "odd"


def read(**extra: Any) -> Settings:
    return Settings.read(Connection(json.dumps(extra)))


@pytest.mark.parametrize("empty", [None, "", "  ", "\n"])
@pytest.mark.parametrize("name", sorted(set(Settings.model_fields) - {"connection_id"}))
def test_empty_means_the_default(name: str, empty: str | None) -> None:
    assert read(**{name: empty}) == read()


@pytest.mark.parametrize("extra", [None, "", " ", "{}"])
def test_no_extra_means_the_defaults(extra: str | None) -> None:
    assert Settings.read(Connection(extra)) == read()


@pytest.mark.parametrize(
    ("name", "written", "read_as"),
    [
        ("flag", False, False),
        ("flag", "false", False),
        ("flag", " OFF ", False),
        ("flag", "no", False),
        ("flag", 0, False),
        ("flag", "0", False),
        ("flag", "Yes", True),
        ("whole", 1, 1),
        ("whole", "1000", 1000),
        ("whole", " 7 ", 7),
        ("whole", 7.0, 7),
        ("whole", "7.0", 7),
        ("fraction", 1, 1.0),
        ("fraction", "0.1", 0.1),
        ("fraction", "1e1", 10.0),
        ("absent", "30", 30),
        ("choice", " Done ", "done"),
        ("text", " a ", "a"),
        ("text", 101, "101"),
        ("texts", "a, b ,,c ", ("a", "b", "c")),
        ("texts", ["a", " b ", " ", 7], ("a", "b", "7")),
        ("texts", '["a, b", "c"]', ("a, b", "c")),
        ("texts", 101, ("101",)),
        ("texts", [], ()),
        ("url", "HTTPS://calls.example.org/", "https://calls.example.org"),
        ("url", "https://мойплан.рф/v2.0", "https://xn--80argcici.xn--p1ai/v2.0"),
        ("origin", "https://МойПлан.рф:443/", "https://xn--80argcici.xn--p1ai"),
        ("origin", "http://Widgets.example.org:8080", "http://widgets.example.org:8080"),
        ("url", "http://[::1]:8080/v2.0", "http://[::1]:8080/v2.0"),
        ("zone", "Asia/Yekaterinburg", "Asia/Yekaterinburg"),
        ("path_part", "a-b_c~1.d0e9f8g7", "a-b_c~1.d0e9f8g7"),
        ("header", 12345, "12345"),
        ("verify", " no ", False),
        ("verify", "/etc/ssl/Own CA.pem", "/etc/ssl/Own CA.pem"),
        ("verify", "C:\\ca.pem", "C:\\ca.pem"),
        ("proxies", '{"https": "http://proxy:3128"}', {"https": "http://proxy:3128"}),
        ("quirks", '{"way": "RIGHT", "seconds": "5"}', Quirks(way="right", seconds=5)),
        ("quirks", {"way": None, "seconds": " "}, Quirks()),
        ("quirks", {}, Quirks()),
    ],
)
def test_a_value_is_read_as_what_it_means(name: str, written: Any, read_as: Any) -> None:
    value = getattr(read(**{name: written}), name)
    assert value == read_as
    assert type(value) is type(read_as)


@pytest.mark.parametrize(
    ("name", "written", "field", "words"),
    [
        ("flag", "maybe", "flag", "'maybe' is given, allowed: true, false; correct it"),
        ("flag", 2, "flag", "2 is given"),
        ("flag", NAN, "flag", "nan is given"),
        ("flag", [True], "flag", "true, false"),
        ("flag", {}, "flag", "true, false"),
        ("whole", 0, "whole", "0 is given, allowed: a whole number from 1 to 1000; give rows in that range"),
        ("whole", 1001, "whole", "from 1 to 1000"),
        ("whole", "-1", "whole", "'-1'"),
        ("whole", 1.5, "whole", "a whole number"),
        ("whole", "1.5", "whole", "a whole number"),
        ("whole", True, "whole", "True is given"),
        ("whole", "many", "whole", "'many'"),
        ("whole", NAN, "whole", "nan is given"),
        ("whole", INFINITY, "whole", "inf is given"),
        ("whole", "NaN", "whole", "'NaN'"),
        ("whole", "Infinity", "whole", "'Infinity'"),
        ("whole", 10**400, "whole", "from 1 to 1000"),
        ("whole", "9" * 5000, "whole", "999"),
        ("whole", [1], "whole", "[1] is given"),
        ("whole", {"a": 1}, "whole", "a whole number"),
        ("fraction", 0, "fraction", "a number from 0.1 to 10; give seconds in that range"),
        ("fraction", 10.01, "fraction", "10.01"),
        ("fraction", False, "fraction", "False is given"),
        ("fraction", NAN, "fraction", "nan is given"),
        ("fraction", -INFINITY, "fraction", "-inf is given"),
        ("fraction", "nan", "fraction", "'nan'"),
        ("fraction", "infinity", "fraction", "'infinity'"),
        ("fraction", 10**400, "fraction", "from 0.1 to 10"),
        ("fraction", "0,5", "fraction", "'0,5'"),
        ("absent", 29, "absent", "from 30 to 90; give a number in that range"),
        ("absent", "null", "absent", "'null'"),
        ("choice", "later", "choice", "'later' is given, allowed: none, done; choose one of these"),
        ("choice", False, "choice", "False is given"),
        ("choice", 1, "choice", "none, done"),
        ("choice", ["none"], "choice", "none, done"),
        ("text", {"a": 1}, "text", "a text"),
        ("text", ["a"], "text", "a text"),
        ("text", True, "text", "True is given"),
        ("text", 1.5, "text", "1.5 is given"),
        ("text", NAN, "text", "nan is given"),
        ("texts", "[1,", "texts", "separate them by commas"),
        ("texts", ["a", {"b": 1}], "texts", "{'b': 1} is given"),
        ("texts", ["a", True], "texts", "True is given"),
        ("texts", {"a": "b"}, "texts", "separate them by commas"),
        ("texts", True, "texts", "True is given"),
        ("texts", 1.5, "texts", "1.5 is given"),
        ("numbers", "101, call me", "numbers", "'call me' is given"),
        ("url", "calls.example.org", "url", "write it with its scheme, such as https://"),
        ("url", "ftp://calls.example.org", "url", "'ftp'"),
        ("url", "https://", "url", "is no address"),
        ("url", "https://.", "url", "is no address"),
        ("url", "https://a b", "url", "is no address"),
        ("url", "https://a:port", "url", "its port is no port"),
        ("url", "https://a..b", "url", "cannot be the name of a host"),
        ("origin", "https://a.example.org/frames", "origin", "it has a path"),
        ("origin", "a.example.org", "origin", "https://widgets.example.org"),
        ("url", "https://[::1", "url", "it is no address"),
        ("url", "https://robot:hunter2@a.example.org", "url", "their own fields"),
        ("url", "https://a.example.org?key=hunter2", "url", "behind ?"),
        ("url", True, "url", "an address"),
        ("url", 7, "url", "allowed: https and http"),
        (
            "zone",
            "Moscow",
            "zone",
            "'Moscow' is given, allowed: a name of the IANA list; write Europe/Moscow",
        ),
        ("zone", "../etc/passwd", "zone", "IANA"),
        ("zone", "Europe", "zone", "IANA"),
        ("zone", "Europe/Moscow\x00", "zone", "IANA"),
        ("zone", 3, "zone", "3 is given"),
        ("path_part", "hunter2/", "path_part", "openssl rand -hex 24"),
        ("path_part", "hunter2%25", "path_part", "openssl rand -hex 24"),
        ("path_part", "hunter2 x", "path_part", "openssl rand -hex 24"),
        ("path_part", "hunter2й", "path_part", "openssl rand -hex 24"),
        ("path_part", "..", "path_part", "at least 16 characters"),
        ("path_part", "a" * 40, "path_part", "8 of them different"),
        ("path_part", "hunter2-hunter2", "path_part", "openssl rand -hex 24"),
        ("path_part", {"hunter2": 1}, "path_part", "something else is given"),
        ("path_part", True, "path_part", "something else is given"),
        ("header", "тhunter2", "header", "copy it once more"),
        ("header", "hunter2 x", "header", "copy it once more"),
        ("header", "hunter2\nx", "header", "copy it once more"),
        ("header", ["hunter2"], "header", "something else is given"),
        ("header", NAN, "header", "something else is given"),
        ("verify", "maybe", "verify", "'maybe' is given, allowed: true, false or the path of a CA bundle"),
        ("verify", 2, "verify", "CA bundle"),
        ("proxies", ["hunter2"], "proxies", "a JSON list is given, allowed: one JSON object"),
        ("proxies", "http://hunter2@proxy:3128", "proxies", "no JSON"),
        ("proxies", {"https": ["hunter2"]}, "proxies", 'write {"https"'),
        ("quirks", "{'way'", "quirks", 'write it as {"name": "value"}'),
        ("quirks", "null", "quirks", "a JSON NoneType is given"),
        ("quirks", '"left"', "quirks", "a JSON str is given"),
        ("quirks", "[" * 10_000, "quirks", "no JSON"),
        ("quirks", [1], "quirks", "a JSON list is given"),
        ("quirks", 7, "quirks", "a JSON int is given"),
        ("quirks", {"wya": "left"}, "quirks.wya", "there is no such setting; use 'way'"),
        ("quirks", {"colour": ""}, "quirks.colour", "known names are seconds, way"),
        ("quirks", {"way": "up"}, "quirks.way", "left, right"),
        ("quirks", '{"seconds": NaN}', "quirks.seconds", "nan is given"),
        ("quirks", '{"seconds": "61"}', "quirks.seconds", "give seconds in that range"),
        ("wohle", 1, "wohle", "there is no such setting; use 'whole'"),
        ("wohle", None, "wohle", "use 'whole'"),
        ("colour", "1", "colour", "remove it; known names are absent, choice"),
        ("connection_id", "other", "connection_id", "there is no such setting"),
    ],
)
def test_an_impossible_value_is_refused_with_field_and_remedy(
    name: str, written: Any, field: str, words: str
) -> None:
    with pytest.raises(OddError) as caught:
        read(**{name: written})
    message = str(caught.value)
    assert caught.value.field == field
    assert caught.value.remedy
    assert message.startswith(f"Connection 'odd', field {field!r}: ")
    assert words in message
    assert "hunter2" not in message
    assert "pydantic" not in message
    assert len(message) <= 500


@pytest.mark.parametrize("extra", ["[1, 2]", "{broken", "null", "7", '"text"', "{} {}"])
def test_an_extra_that_is_no_object_is_refused(extra: str) -> None:
    with pytest.raises(OddError) as caught:
        Settings.read(Connection(extra))
    assert caught.value.field == "extra"
    assert "one JSON object" in str(caught.value)


def test_a_secret_is_in_no_repr() -> None:
    settings = read(
        path_part="hunter2-of-the-path", header="hunter2", proxies={"https": "http://a:hunter2@proxy:3128"}
    )
    assert "hunter2" not in f"{settings!r} {settings}"


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        (Connection(), None),
        (Connection(host="  ", port=443), None),
        (Connection(host="A.Example.org"), ("https", "a.example.org", None, "")),
        (Connection(host="a.example.org.", port=8080, schema=" HTTP "), ("http", "a.example.org", 8080, "")),
        (Connection(host="http://[::1]:1/x?y#z", schema="ftp"), ("http", "[::1]", 1, "/x?y#z")),
        (Connection(host="a.example.org:443", port=443, schema=" "), ("https", "a.example.org", 443, "")),
    ],
)
def test_an_address_is_read(connection: Connection, expected: tuple[Any, ...] | None) -> None:
    assert host_address(connection, OddError, "write it") == expected


@pytest.mark.parametrize(
    ("connection", "field"),
    [
        (Connection(host="ftp://a.example.org"), "host"),
        (Connection(host="a.example.org", schema="ftp"), "schema"),
        (Connection(host="a.example.org:port"), "host"),
        (Connection(host="a.example.org:99999"), "host"),
        (Connection(host="https://robot:hunter2@a.example.org"), "host"),
        (Connection(host="hunter2@a.example.org"), "host"),
        (Connection(host="a b"), "host"),
        (Connection(host="a.example.org,b.example.org"), "host"),
        (Connection(host="[::1"), "host"),
        (Connection(host="."), "host"),
        (Connection(host="a.example.org:444", port=443), "port"),
    ],
)
def test_an_impossible_address_is_refused(connection: Connection, field: str) -> None:
    with pytest.raises(OddError) as caught:
        host_address(connection, OddError, "write it")
    assert caught.value.field == field
    assert caught.value.remedy
    assert "hunter2" not in str(caught.value)

"""Settings, addresses and quirks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk import Connection

from megaplan_vendor_kit.setting import describe
from uis_hook.exceptions import UisSettingError
from uis_hook.settings import UisSettings
from uis_hook.vendor_quirks import VendorQuirks

TOKEN = {"access_token": "t"}


def connection(extra: Any = None, host: str | None = None, **fields: Any) -> Connection:
    extra = TOKEN if extra is None else extra
    text = extra if isinstance(extra, str) else json.dumps(extra)
    return Connection(conn_id="uis_x", conn_type="uis", host=host, extra=text, **fields)


def read(extra: Any = None, **fields: Any) -> UisSettings:
    return UisSettings.from_connection(connection(extra, **fields))


def refused(extra: Any = None, **fields: Any) -> UisSettingError:
    with pytest.raises(UisSettingError) as caught:
        read(extra, **fields)
    return caught.value


@pytest.mark.parametrize(
    ("brand", "data_api", "call_api", "records"),
    [
        (
            "uis",
            "https://dataapi.uiscom.ru/v2.0",
            "https://callapi.uiscom.ru/v4.0",
            "https://app.uiscom.ru",
        ),
        (
            "comagic",
            "https://dataapi.comagic.ru/v2.0",
            "https://callapi.comagic.ru/v4.0",
            "https://app.comagic.ru",
        ),
        (
            "novofon",
            "https://dataapi-jsonrpc.novofon.ru/v2.0",
            "https://callapi-jsonrpc.novofon.ru/v4.0",
            "https://app.novofon.ru",
        ),
        ("callgear", "https://dataapi.callgear.com/v2.0", "https://callapi.callgear.com/v4.0", None),
    ],
)
def test_a_brand_has_its_addresses(brand: str, data_api: str, call_api: str, records: str | None) -> None:
    settings = read({**TOKEN, "brand": brand})
    assert (settings.data_api_url, settings.call_api_url, settings.records_url) == (
        data_api,
        call_api,
        records,
    )


@pytest.mark.parametrize(
    ("host", "port", "schema", "extra", "data_api", "call_api", "records"),
    [
        (
            "http://127.0.0.1:18090",
            None,
            None,
            {},
            "http://127.0.0.1:18090/v2.0",
            "http://127.0.0.1:18090/v4.0",
            "http://127.0.0.1:18090",
        ),
        (
            "127.0.0.1",
            18090,
            "http",
            {},
            "http://127.0.0.1:18090/v2.0",
            "http://127.0.0.1:18090/v4.0",
            "http://127.0.0.1:18090",
        ),
        (
            "proxy.example.org/",
            443,
            None,
            {},
            "https://proxy.example.org:443/v2.0",
            "https://proxy.example.org:443/v4.0",
            "https://proxy.example.org:443",
        ),
        # the Test button of Airflow 3.3.2 wants a port, even without a host
        (
            None,
            443,
            None,
            {},
            "https://dataapi.uiscom.ru/v2.0",
            "https://callapi.uiscom.ru/v4.0",
            "https://app.uiscom.ru",
        ),
        (
            None,
            None,
            None,
            {"data_api_url": "https://a.example.org/data/v2.0/", "call_api_url": "https://b.example.org"},
            "https://a.example.org/data/v2.0",
            "https://b.example.org/v4.0",
            "https://app.uiscom.ru",
        ),
        (
            None,
            None,
            None,
            {"records_url": "https://records.example.org/"},
            "https://dataapi.uiscom.ru/v2.0",
            "https://callapi.uiscom.ru/v4.0",
            "https://records.example.org",
        ),
    ],
)
def test_own_addresses(
    host: str | None,
    port: int | None,
    schema: str | None,
    extra: dict[str, Any],
    data_api: str,
    call_api: str,
    records: str,
) -> None:
    settings = read({**TOKEN, **extra}, host=host, port=port, schema=schema)
    assert (settings.data_api_url, settings.call_api_url, settings.records_url) == (
        data_api,
        call_api,
        records,
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"host": "ftp://a.example.org"}, "host"),
        ({"host": "a.example.org", "schema": "ftp"}, "schema"),
        ({"host": "a.example.org:http"}, "host"),
        ({"host": "a b"}, "host"),
        ({"host": "https://"}, "host"),
        ({"host": "https://robot:hunter2@a.example.org"}, "host"),
        ({"host": "https://a.example.org/v2.0"}, "host"),
        ({"host": "https://a.example.org?x=hunter2"}, "host"),
        ({"host": "a.example.org:444", "port": 443}, "port"),
        ({"extra": {**TOKEN, "data_api_url": "a.example.org"}}, "data_api_url"),
        ({"extra": {**TOKEN, "call_api_url": "https://"}}, "call_api_url"),
    ],
)
def test_an_impossible_address(fields: dict[str, Any], field: str) -> None:
    error = refused(fields.pop("extra", None), **fields)
    assert error.field == field
    assert "hunter2" not in str(error)


def test_defaults() -> None:
    settings = read()
    assert settings == UisSettings(
        connection_id="uis_x",
        own_address=None,
        login=None,
        password=None,
        data_api_url="https://dataapi.uiscom.ru/v2.0",
        call_api_url="https://callapi.uiscom.ru/v4.0",
        records_url="https://app.uiscom.ru",
        access_token="t",
    )
    assert settings.media_url == "https://media.uiscom.ru"
    assert settings.zone.key == "Europe/Moscow"


@pytest.mark.parametrize("as_text", [False, True], ids=["JSON types", "strings, as a URI carries them"])
def test_every_setting_is_read(as_text: bool) -> None:
    given: dict[str, Any] = {
        "brand": "novofon",
        "access_token": "t" * 20,
        "account_timezone": "Asia/Yekaterinburg",
        "virtual_phone_number": "+7 495 000-00-01",
        "webhook_secret": "webhooks-1-secret-xyz",
        "recordings_need_login": True,
        "page_size": 500,
        "longest_limit_wait_seconds": 0,
        "reserved_points_percent": 25,
        "customer_user_id": 77,
        "data_api_url": "https://a.example.org/v2.0",
        "call_api_url": "https://b.example.org/v4.0",
        "records_url": "https://c.example.org",
        "vendor_quirks": {"employee_update": "full", "resend_uploads": True},
        "verify": False,
        "proxies": {"https": "http://proxy:3128"},
        "connect_timeout_seconds": 5,
        "read_timeout_seconds": 30,
    }
    assert set(given) == set(describe(UisSettings))
    if as_text:
        given = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()
        }
    settings = read(given)
    assert settings.media_url == "https://c.example.org"
    assert settings == UisSettings(
        connection_id="uis_x",
        own_address=None,
        login=None,
        password=None,
        data_api_url="https://a.example.org/v2.0",
        call_api_url="https://b.example.org/v4.0",
        records_url="https://c.example.org",
        brand="novofon",
        access_token="t" * 20,
        account_timezone="Asia/Yekaterinburg",
        virtual_phone_number="74950000001",
        webhook_secret="webhooks-1-secret-xyz",
        recordings_need_login=True,
        page_size=500,
        longest_limit_wait_seconds=0,
        reserved_points_percent=25,
        customer_user_id=77,
        vendor_quirks=VendorQuirks(employee_update="full", resend_uploads=True),
        verify=False,
        proxies={"https": "http://proxy:3128"},
        connect_timeout_seconds=5,
        read_timeout_seconds=30,
    )


@pytest.mark.parametrize(
    ("extra", "login", "password", "expected"),
    [
        ({"access_token": "t"}, None, None, ("t", None, None)),
        ({}, "robot", "p", (None, "robot", "p")),
        # the token goes first
        ({"access_token": "t"}, "robot", "p", ("t", "robot", "p")),
        # a Password without a Login is a token
        ({}, None, "t", ("t", None, None)),
    ],
)
def test_ways_in(
    extra: Any, login: str | None, password: str | None, expected: tuple[str | None, ...]
) -> None:
    settings = read(extra, login=login, password=password)
    assert (settings.access_token, settings.login, settings.password) == expected


@pytest.mark.parametrize(("login", "field"), [(None, "access_token"), ("robot", "password")])
def test_no_way_in(login: str | None, field: str) -> None:
    assert refused({}, login=login).field == field


@pytest.mark.parametrize(
    ("extra", "field", "words"),
    [
        ({"brnad": "uis"}, "brnad", "'brand'"),
        ({"brand": "mango"}, "brand", "uis, comagic, novofon, callgear"),
        ({"page_size": 10_001}, "page_size", "from 1 to 10000"),
        ({"longest_limit_wait_seconds": -1}, "longest_limit_wait_seconds", "seconds"),
        ({"account_timezone": "Moscow"}, "account_timezone", "Europe/Moscow"),
        ({"virtual_phone_number": "8 495 000-00-01"}, "virtual_phone_number", "write 74950000001"),
        ({"virtual_phone_number": "101"}, "virtual_phone_number", "international form"),
        ({"customer_user_id": "x"}, "customer_user_id", "'x'"),
        ({"proxies": ["x"]}, "proxies", "one JSON object"),
        ({"vendor_quirks": "{'a'"}, "vendor_quirks", "no JSON"),
        ({"vendor_quirks": {"employee_updaet": 1}}, "vendor_quirks.employee_updaet", "'employee_update'"),
        ({"vendor_quirks": {"employee_update": "x"}}, "vendor_quirks.employee_update", "given_then_full"),
        ({"vendor_quirks": {"report_window_days": 90}}, "vendor_quirks.report_window_days", "1 to 89"),
        ("[1, 2]", "extra", "one JSON object"),
    ],
)
def test_an_impossible_setting_names_field_value_and_remedy(extra: Any, field: str, words: str) -> None:
    error = refused({**TOKEN, **extra} if isinstance(extra, dict) else extra)
    assert error.field == field
    assert not error.retryable
    assert words in str(error)
    assert "'uis_x'" in str(error)
    assert len(str(error)) <= 500


@pytest.mark.parametrize("name", ["webhook_secret", "access_token"])
def test_a_secrets_value_is_never_told(name: str) -> None:
    assert "hunter2" not in str(refused({**TOKEN, name: {"hunter2": 1}}))
    assert "hunter2" not in repr(
        read({**TOKEN, name: "hunter2-of-the-path"}, login="robot", password="hunter2")
    )


@pytest.mark.parametrize("value", [None, "", {}, "{}"])
def test_no_quirks_are_the_defaults(value: Any) -> None:
    assert read({**TOKEN, "vendor_quirks": value}).vendor_quirks == VendorQuirks()


def test_every_quirk_is_read() -> None:
    given = {
        "employee_update": "given",
        "session_key_seconds": 600,
        "limit_wait_fallback_seconds": 5,
        "resend_uploads": True,
        "deal_clearing": "empty",
        "report_window_days": 7,
        "directories_sort_field": "name",
        "deals_sort_field": "deal_ext_id",
        "contact_phone_form": "plus",
        "route_phones": "internal",
        "read_lag_seconds": 3,
        "deal_text_length": 255,
    }
    quirks = read({**TOKEN, "vendor_quirks": json.dumps(given)}).vendor_quirks
    assert {name: getattr(quirks, name) for name in given} == given
    assert set(given) == set(describe(VendorQuirks))


def test_the_ranges_include_both_ends() -> None:
    for name, setting in describe(UisSettings).items():
        for bound, step in (("minimum", -1), ("maximum", 1)):
            if bound in setting.schema:
                read({**TOKEN, name: setting.schema[bound]})
                assert refused({**TOKEN, name: setting.schema[bound] + step}).field == name

"""Settings, addresses and quirks."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from airflow.sdk import Connection

from megaplan_hook.address import account_address
from megaplan_hook.exceptions import MegaplanSettingError
from megaplan_hook.settings import AccountSettings
from megaplan_hook.vendor_quirks import VendorQuirks
from megaplan_vendor_kit.setting import describe


def connection(extra: Any = None, host: str | None = "mp361546.megaplan.ru", **fields: Any) -> Connection:
    text = extra if isinstance(extra, str) or extra is None else json.dumps(extra)
    return Connection(conn_id="megaplan_x", conn_type="megaplan", host=host, extra=text, **fields)


@pytest.mark.parametrize(
    ("host", "port", "schema", "base_url", "account"),
    [
        ("mp361546.megaplan.ru", None, None, "https://mp361546.megaplan.ru", "mp361546"),
        (" MP361546.megaplan.ru/ ", None, "", "https://mp361546.megaplan.ru", "mp361546"),
        ("https://mp361546.megaplan.ru", None, None, "https://mp361546.megaplan.ru", "mp361546"),
        ("https://x.megaplan.ru/deals/?a=1#b", None, None, "https://x.megaplan.ru", "x"),
        ("http://127.0.0.1:18080", None, None, "http://127.0.0.1:18080", "127.0.0.1:18080"),
        ("127.0.0.1", 18080, "http", "http://127.0.0.1:18080", "127.0.0.1:18080"),
        ("megaplan-emulator", None, "http", "http://megaplan-emulator", "megaplan-emulator"),
        ("crm.example.org", None, "HTTPS", "https://crm.example.org", "crm.example.org"),
        ("https://crm.example.org", None, "http", "https://crm.example.org", "crm.example.org"),
        ("http://[::1]:8080", None, None, "http://[::1]:8080", "[::1]:8080"),
        ("mp1.megaplan.ru:443", 443, None, "https://mp1.megaplan.ru", "mp1"),
        ("crm.example.org", 443, None, "https://crm.example.org", "crm.example.org"),
        ("http://crm.example.org", 80, None, "http://crm.example.org", "crm.example.org"),
        ("http://crm.example.org", 443, None, "http://crm.example.org:443", "crm.example.org:443"),
        ("МойПлан.рф", None, None, "https://xn--80argcici.xn--p1ai", "мойплан.рф"),
        (
            "https://мойплан.рф:8443/deals",
            None,
            None,
            "https://xn--80argcici.xn--p1ai:8443",
            "мойплан.рф:8443",
        ),
        ("xn--80argcici.xn--p1ai", None, None, "https://xn--80argcici.xn--p1ai", "мойплан.рф"),
        ("xn--a.example.org", None, None, "https://xn--a.example.org", "xn--a.example.org"),
        ("crm.bücher.example", None, None, "https://crm.xn--bcher-kva.example", "crm.bücher.example"),
        ("my_megaplan", None, "http", "http://my_megaplan", "my_megaplan"),
    ],
)
def test_address(host: str, port: int | None, schema: str | None, base_url: str, account: str) -> None:
    assert account_address(connection(host=host, port=port, schema=schema)) == (base_url, account)


@pytest.mark.parametrize(
    ("host", "port", "schema", "field"),
    [
        (None, None, None, "host"),
        ("  ", None, None, "host"),
        ("https://", None, None, "host"),
        ("ftp://mp1.megaplan.ru", None, None, "host"),
        ("mp1.megaplan.ru", None, "ftp", "schema"),
        ("mp1.megaplan.ru:http", None, None, "host"),
        ("mp1 megaplan ru", None, None, "host"),
        ("mp1.megaplan.ru:443", 444, None, "port"),
        ("https://robot:hunter2@mp1.megaplan.ru", None, None, "host"),
        ("crm..example.org", None, None, "host"),
        ("a" * 64 + ".example.org", None, None, "host"),
        ("мой план.рф", None, None, "host"),
        ("мой♥.рф", None, None, "host"),
        ("-мой.рф", None, None, "host"),
    ],
)
def test_impossible_address(host: str | None, port: int | None, schema: str | None, field: str) -> None:
    with pytest.raises(MegaplanSettingError) as caught:
        account_address(connection(host=host, port=port, schema=schema))
    assert caught.value.field == field
    assert "megaplan_x" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_defaults() -> None:
    settings = AccountSettings.from_connection(connection())
    assert settings == AccountSettings(
        connection_id="megaplan_x", base_url="https://mp361546.megaplan.ru", account="mp361546"
    )
    assert settings.zone.key == "Europe/Moscow"


@pytest.mark.parametrize("as_text", [False, True], ids=["JSON types", "strings, as a URI carries them"])
def test_every_setting_is_read(as_text: bool) -> None:
    given: dict[str, Any] = {
        "deals_active": False,
        "sync_every_minutes": 60,
        "deals_since": "2024-01-31",
        "deals_look_back_minutes": 60,
        "contacts_look_back_minutes": 1440,
        "fields_left_out": ["contacts.contactInfo"],
        "fields_hashed": ["deals.name", "employees.name"],
        "fields_pseudonymised": ["contacts.name"],
        "pseudonym_secret": "p" * 20,
        "telephony_active": True,
        "uis_conn_id": "uis_default",
        "deals_to_uis": False,
        "uis_deal_fields": ["Вид сделки", "Дата оплаты"],
        "uis_loss_reason_field": "Почему отказались",
        "account_timezone": "Asia/Yekaterinburg",
        "communication_incoming_answered": "done",
        "communication_incoming_missed": "planned",
        "communication_outgoing_answered": "none",
        "communication_outgoing_unanswered": "planned",
        "communication_minutes": 15,
        "megaplan_creates_todo": True,
        "missed_call_responsible": "client_manager",
        "missed_call_employee": 1000004,
        "missed_call_employees": {"74950000001": 1000006},
        "skip_spam": True,
        "skip_fax": True,
        "skip_numbers": ["+7 900 123-45-67"],
        "keep_telephony_days": 365,
        "keep_messages_days": 10,
        "keep_certificates_days": 100,
        "keep_versions_days": 200,
        "requests_per_second": 0.5,
        "requests_per_hour": 500,
        "page_size": 200,
        "directories_every_minutes": 0,
        "night_requests": 700,
        "deletion_brake": 2.5,
        "backfill_stage_moves": True,
        "webhook_secret": "webhooks-1-secret-xyz",
        "widget_key_number": 2,
        "application_uuid": "0f3c",
        "application_token": "t" * 20,
        "gateway_url": "https://calls.example.org/",
        "route_fallback": ["+7 900 123-45-67", "101"],
        "vendor_quirks": {"token_body": "json", "x_time_zone": -10800},
        "verify": False,
        "proxies": {"https": "http://proxy:3128"},
        "connect_timeout_seconds": 5,
        "read_timeout_seconds": 30,
    }
    assert set(given) == set(describe(AccountSettings))
    if as_text:
        given = {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in given.items()
        }
    settings = AccountSettings.from_connection(connection(given))
    assert settings == AccountSettings(
        connection_id="megaplan_x",
        base_url="https://mp361546.megaplan.ru",
        account="mp361546",
        deals_active=False,
        sync_every_minutes=60,
        telephony_active=True,
        uis_conn_id="uis_default",
        deals_to_uis=False,
        deals_since=date(2024, 1, 31),
        deals_look_back_minutes=60,
        contacts_look_back_minutes=1440,
        fields_left_out=("contacts.contactInfo",),
        fields_hashed=("deals.name", "employees.name"),
        fields_pseudonymised=("contacts.name",),
        pseudonym_secret="p" * 20,
        uis_deal_fields=("Вид сделки", "Дата оплаты"),
        uis_loss_reason_field="Почему отказались",
        account_timezone="Asia/Yekaterinburg",
        communication_incoming_answered="done",
        communication_incoming_missed="planned",
        communication_outgoing_unanswered="planned",
        communication_minutes=15,
        megaplan_creates_todo=True,
        missed_call_responsible="client_manager",
        missed_call_employee=1000004,
        missed_call_employees={"74950000001": 1000006},
        skip_spam=True,
        skip_fax=True,
        skip_numbers=("+7 900 123-45-67",),
        keep_telephony_days=365,
        keep_messages_days=10,
        keep_certificates_days=100,
        keep_versions_days=200,
        requests_per_second=0.5,
        requests_per_hour=500,
        page_size=200,
        directories_every_minutes=0,
        night_requests=700,
        deletion_brake=2.5,
        backfill_stage_moves=True,
        webhook_secret="webhooks-1-secret-xyz",
        widget_key_number=2,
        application_uuid="0f3c",
        application_token="t" * 20,
        gateway_url="https://calls.example.org",
        route_fallback=("+7 900 123-45-67", "101"),
        vendor_quirks=VendorQuirks(token_body="json", x_time_zone=-10800),
        verify=False,
        proxies={"https": "http://proxy:3128"},
        connect_timeout_seconds=5,
        read_timeout_seconds=30,
    )


def test_a_uri_connection_is_read() -> None:
    uri = "megaplan://robot%40example.org:pw@mp1.megaplan.ru?deals_active=false&requests_per_second=2&route_fallback=101,102"
    settings = AccountSettings.from_connection(Connection(conn_id="megaplan_x", uri=uri))  # type: ignore[call-arg]
    assert (settings.account, settings.deals_active, settings.requests_per_second) == ("mp1", False, 2.0)
    assert settings.route_fallback == ("101", "102")


def test_empty_fields_mean_the_default() -> None:
    extra = {name: None if index % 2 else "" for index, name in enumerate(describe(AccountSettings))}
    assert AccountSettings.from_connection(connection(extra)) == AccountSettings.from_connection(connection())


@pytest.mark.parametrize(
    ("extra", "field", "words"),
    [
        ({"page_sise": 100}, "page_sise", "'page_size'"),
        ({"X-Header": "1"}, "X-Header", "known names are"),
        ({"deals_active": "maybe"}, "deals_active", "'maybe'"),
        ({"requests_per_second": 0}, "requests_per_second", "0.1 to 1000"),
        ({"requests_per_second": "fast"}, "requests_per_second", "'fast'"),
        ({"requests_per_second": "nan"}, "requests_per_second", "'nan'"),
        ({"requests_per_second": True}, "requests_per_second", "True"),
        ({"requests_per_hour": 1_000_001}, "requests_per_hour", "1000001"),
        ({"page_size": 1.5}, "page_size", "whole number from 1 to 1000"),
        ({"page_size": 0}, "page_size", "from 1 to 1000"),
        ({"communication_minutes": 1441}, "communication_minutes", "1441"),
        ({"communication_incoming_missed": "later"}, "communication_incoming_missed", "none, planned, done"),
        ({"account_timezone": "Moscow"}, "account_timezone", "Europe/Moscow"),
        ({"account_timezone": "../etc/passwd"}, "account_timezone", "IANA"),
        ({"gateway_url": "calls.example.org"}, "gateway_url", "https://"),
        ({"missed_call_responsible": "me"}, "missed_call_responsible", "last_rung, client_manager, fixed"),
        ({"missed_call_employee": 0}, "missed_call_employee", "id of an employee"),
        ({"missed_call_employees": "[1]"}, "missed_call_employees", "one JSON object"),
        ({"missed_call_employees": {"74950000001": "Anna"}}, "missed_call_employees", "write it as"),
        ({"route_fallback": "call me"}, "route_fallback", "phone numbers"),
        ({"route_fallback": "[1,"}, "route_fallback", "commas"),
        ({"proxies": ["x"]}, "proxies", "one JSON object"),
        ({"uis_conn_id": {"a": 1}}, "uis_conn_id", "a text"),
        ({"vendor_quirks": "{'a'"}, "vendor_quirks", "no JSON"),
        ({"vendor_quirks": {"token_bodi": 1}}, "vendor_quirks.token_bodi", "'token_body'"),
        ({"vendor_quirks": {"token_body": "xml"}}, "vendor_quirks.token_body", "form, json, multipart"),
        ({"vendor_quirks": {"read_lag_seconds": 601}}, "vendor_quirks.read_lag_seconds", "from 0 to 600"),
        (
            {"vendor_quirks": {"default_phone_region": "RUS"}},
            "vendor_quirks.default_phone_region",
            "two-letter",
        ),
        ({"vendor_quirks": {"widget_phone_key": "data-phone"}}, "vendor_quirks.widget_phone_key", "digits"),
        ({"vendor_quirks": {"widget_origin": "https://a.example/x"}}, "vendor_quirks.widget_origin", "path"),
        ({"vendor_quirks": {"x_time_zone": "MSK"}}, "vendor_quirks.x_time_zone", "'MSK'"),
        ({"deals_since": "31.01.2024"}, "deals_since", "2024-01-31"),
        ({"deals_look_back_minutes": -1}, "deals_look_back_minutes", "-1"),
        ({"fields_left_out": "contactInfo"}, "fields_left_out", "contacts.contactInfo"),
        ({"fields_hashed": "deals.timeUpdated"}, "fields_hashed", "needed to find and compare"),
        (
            {"fields_left_out": "contacts.name", "fields_hashed": "deals.name, contacts.name"},
            "fields_hashed",
            "named here and in fields_left_out",
        ),
        ({"fields_pseudonymised": "contacts.name"}, "fields_pseudonymised", "pseudonym_secret is empty"),
        ("[1, 2]", "extra", "one JSON object"),
        ("{broken", "extra", "no JSON"),
    ],
)
def test_an_impossible_setting_names_field_value_and_remedy(extra: Any, field: str, words: str) -> None:
    with pytest.raises(MegaplanSettingError) as caught:
        AccountSettings.from_connection(connection(extra))
    message = str(caught.value)
    assert caught.value.field == field
    assert not caught.value.retryable
    assert words in message
    assert "'megaplan_x'" in message
    assert len(message) <= 500


@pytest.mark.parametrize("name", ["webhook_secret", "application_token"])
def test_a_secrets_value_is_never_told(name: str) -> None:
    with pytest.raises(MegaplanSettingError) as caught:
        AccountSettings.from_connection(connection({name: {"hunter2": 1}}))
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(AccountSettings.from_connection(connection({name: "hunter2-of-the-path"})))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook_secret", "q8/Zx+1="),  # as openssl rand -base64 makes them
        ("webhook_secret", "50%25"),
        ("webhook_secret", "with space"),
        ("webhook_secret", "секрет"),
        ("webhook_secret", ".."),
        ("application_token", "тoken"),  # the first letter is Cyrillic
        ("application_token", "two words"),
    ],
)
def test_a_secret_that_cannot_be_sent_is_refused_with_the_remedy(name: str, value: str) -> None:
    with pytest.raises(MegaplanSettingError) as caught:
        AccountSettings.from_connection(connection({name: value}))
    assert caught.value.field == name
    assert value not in str(caught.value)


@pytest.mark.parametrize("value", [None, "", {}, "{}"])
def test_no_quirks_are_the_defaults(value: Any) -> None:
    settings = AccountSettings.from_connection(connection({"vendor_quirks": value}))
    assert settings.vendor_quirks == VendorQuirks()


def test_the_ranges_include_both_ends() -> None:
    for name, setting in describe(AccountSettings).items():
        if setting.range:
            low, high = setting.schema["minimum"], setting.schema["maximum"]
            for value in (low, high):
                AccountSettings.from_connection(connection({name: value}))
            for value in (low - 1, high + 1):
                with pytest.raises(MegaplanSettingError, match=name):
                    AccountSettings.from_connection(connection({name: value}))

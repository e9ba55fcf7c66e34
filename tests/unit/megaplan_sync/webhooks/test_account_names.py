"""Another account's webhook is recognised, whatever either account is called."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from megaplan_hook.settings import AccountSettings
from megaplan_sync.inbox.webhook_bodies import Webhook, read_webhook
from megaplan_sync.webhooks.account_names import foreign_account


@dataclass
class Connection:
    host: str | None
    extra: str | None = None
    conn_id: str = "megaplan_default"
    port: int | None = None
    schema: str | None = None


def settings(host: str, **quirks: Any) -> AccountSettings:
    return AccountSettings.from_connection(Connection(host, json.dumps({"vendor_quirks": quirks})))


@pytest.mark.parametrize(
    ("host", "name", "is_foreign"),
    [
        ("mp361546.megaplan.ru", "mp361546.megaplan.ru", False),
        ("mp361546.megaplan.ru", "mp361546", False),
        ("mp361546.megaplan.ru", "MP361546.Megaplan.RU", False),
        ("mp361546.megaplan.ru", "https://mp361546.megaplan.ru/", False),
        ("mp361546.megaplan.ru", "mp361547.megaplan.ru", True),
        ("mp361546.megaplan.ru", "mp36154", True),
        ("mp361546.megaplan.ru", "evil-mp361546.megaplan.ru", True),
        ("crm.example.org", "crm.example.org", False),
        ("https://мойплан.рф:8443", "мойплан.рф", False),
        ("xn--80argcici.xn--p1ai", "https://мойплан.рф/", False),
        ("мойплан.рф", "xn--80argcici.xn--p1ai", False),
        ("мойплан.рф", "mp1.megaplan.ru", False),
        ("mp361546.megaplan.ru", "crm.example.org", False),
        ("mp361546.megaplan.ru", "ООО «Ромашка»", False),
        ("crm.example.org", "mp1.megaplan.ru", False),
        ("http://127.0.0.1:18080", "127.0.0.1:18080", False),
        ("http://127.0.0.1:18080", "demo.megaplan.ru", False),
    ],
)
def test_names(host: str, name: str, is_foreign: bool) -> None:
    found = foreign_account(Webhook("key", account_names=(name,)), settings(host))
    assert found == (name if is_foreign else None)


def test_a_quirk_adds_names() -> None:
    ours = settings("crm.example.org", webhook_account_names="mp1.megaplan.ru, mp2")
    assert foreign_account(Webhook("key", account_names=("mp1.megaplan.ru",)), ours) is None
    others = [settings("mp2.megaplan.ru"), settings("mp3.megaplan.ru")]
    assert foreign_account(Webhook("key", account_names=("mp2",)), ours, others) is None
    assert foreign_account(Webhook("key", account_names=("mp3",)), ours, others) == "mp3"


@pytest.mark.parametrize("other", ["mp2.megaplan.ru", "http://127.0.0.1:18081"])
def test_another_account_that_is_served_is_foreign_whatever_this_one_is_called(other: str) -> None:
    name = other.removeprefix("http://")
    webhook = Webhook("key", account_names=(name,))
    for own in ("crm.example.org", "http://127.0.0.1:18080", "mp1.megaplan.ru"):
        assert foreign_account(webhook, settings(own), [settings(other)]) == name


def test_a_webhook_without_an_account_name_is_accepted_by_its_secret() -> None:
    assert foreign_account(Webhook("key"), settings("mp1.megaplan.ru")) is None


def test_one_matching_name_is_enough() -> None:
    body = {
        "model": "Deal",
        "event": "on_after_update",
        "data": {"id": "1"},
        "accountId": "mp1.megaplan.ru",
        "accountInfo": {"accountName": "Фирма"},
    }
    webhook = read_webhook(json.dumps(body).encode())
    assert webhook.account_names == ("mp1.megaplan.ru", "Фирма")
    assert foreign_account(webhook, settings("mp1.megaplan.ru")) is None

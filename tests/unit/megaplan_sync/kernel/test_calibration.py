"""What was seen fills what the connection leaves open, and nothing else."""

from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from megaplan_hook.settings import AccountSettings
from megaplan_sync.kernel.calibration import is_explicit, is_usable, with_seen

SEEN = {"vendor_quirks.token_body": "json", "vendor_quirks.webhook_account_names": ["Фирма"], "page_size": 30}


def settings(**extra: Any) -> AccountSettings:
    connection = SimpleNamespace(
        conn_id="megaplan_default",
        host="mp1.megaplan.ru",
        port=None,
        schema=None,
        extra=orjson.dumps(extra).decode(),
    )
    return AccountSettings.from_connection(connection)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("json", ("Фирма",), 30)),
        ({"vendor_quirks": {"token_body": "form"}}, ("form", ("Фирма",), 30)),
        ({"vendor_quirks": '{"token_body": "multipart"}', "page_size": 100}, ("multipart", ("Фирма",), 100)),
        ({"vendor_quirks": {"webhook_account_names": "one, two"}}, ("json", ("one", "two"), 30)),
        # an empty field of the form is no decision
        ({"vendor_quirks": "", "page_size": ""}, ("json", ("Фирма",), 30)),
        ({"vendor_quirks": {"token_body": ""}}, ("json", ("Фирма",), 30)),
    ],
)
def test_the_connection_wins(given: dict[str, Any], expected: tuple[Any, ...]) -> None:
    used = with_seen(settings(**given), SEEN)
    quirks = used.vendor_quirks
    assert (quirks.token_body, quirks.webhook_account_names, used.page_size) == expected


def test_nothing_seen_changes_nothing() -> None:
    assert with_seen(settings(), {}) == settings()
    assert not is_explicit(settings(), "vendor_quirks.token_body")


def test_what_this_version_does_not_know_is_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    assert with_seen(settings(), {"vendor_quirks.no_such_key": 1}) == settings()
    assert "does not fit this version" in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page_size", 0),
        ("page_size", "many"),
        ("account_timezone", "GMT+3"),
        ("account_timezone", "(UTC+03:00) Москва"),
    ],
)
def test_what_the_connection_would_refuse_is_not_used(name: str, value: Any) -> None:
    used = with_seen(settings(), {**SEEN, name: value})
    assert not is_usable(settings(), name, value)
    assert used.vendor_quirks.token_body == "json"
    assert getattr(used, name) == getattr(settings(), name)

"""What the cabinet sends to try an address is of no call; whatever may be a call is one."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from megaplan_sync.inbox.notifications import Notification, read_notification

NOW = datetime(2026, 9, 21, 9, tzinfo=UTC)
REAL = {
    "notification_mnemonic": "call_session_finished",
    "notification_time": "2026-09-21 12:00:00.000",
    "notification_timestamp": int(NOW.timestamp()),
    "call_session_id": 700,
    "contact_phone_number": "79995550011",
    "virtual_phone_number": "74950000001",
    "external_id": None,
}


def read(**values: Any) -> Notification:
    body = json.dumps({**REAL, **values}).encode()
    return read_notification(body, None, zone=ZoneInfo("Europe/Moscow"), received_at=NOW)


@pytest.mark.parametrize(
    "values",
    [
        {"external_id": "t456uy"},
        {"call_session_id": 187020303},
        {"call_session_id": "187020303"},
        {"contact_full_name": "Мое тестовое уведомление"},
        {"contact_phone_number": "79260000001", "virtual_phone_number": "79260000002"},
        {"contact_phone_number": "79260000002", "virtual_phone_number": "79260000001"},
        {"notification_time": "2016-07-24 23:10:55.272"},
        {"notification_timestamp": 1467999313},
        {"notification_timestamp": None, "notification_time": "2016-07-24 23:10:55.272"},
        {"notification_timestamp": 1467999313, "notification_time": None},
    ],
)
def test_a_test_of_the_address_is_of_no_call(values: dict[str, Any]) -> None:
    found = read(**values)
    assert (found.call_session_id, found.broken, found.values and found.values["is_test_send"]) == (
        None,
        None,
        True,
    )
    assert found.dedupe_key == read(**values).dedupe_key


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"contact_phone_number": "79260000001"},
        {"notification_name": "Мое тестовое уведомление"},  # the name that somebody may leave
        {"notification_time": "2026-09-21 16:00:00.000"},  # another time zone
        {"notification_timestamp": int(NOW.timestamp()) - 86_400},  # sent again after a day
        {"notification_time": None, "notification_timestamp": None},
    ],
)
def test_a_real_call_is_none(values: dict[str, Any]) -> None:
    assert read(**values).call_session_id == 700


def test_an_event_of_the_far_future_happened_when_it_came() -> None:
    assert (
        read(notification_time=None, notification_timestamp=int(NOW.timestamp()) + 90_000).occurred_at is None
    )
    soon = read(notification_time=None, notification_timestamp=int(NOW.timestamp()) + 3_600)
    assert soon.occurred_at is not None

"""Phones, moments and addresses of recordings."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from uis_hook.account_time import account_text, moment_of
from uis_hook.phones import dialled, phone_digits
from uis_hook.recordings import record_url

MOSCOW = ZoneInfo("Europe/Moscow")
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("given", "digits"),
    [
        ("+7 (900) 000-00-01", "79000000001"),
        ("79000000001", "79000000001"),
        ("+49 30 1234567", "49301234567"),
    ],
)
def test_a_full_number(given: str, digits: str) -> None:
    assert phone_digits(given) == dialled(given) == digits


@pytest.mark.parametrize("given", ["", "101", "89000000001", "+0 900 000 00 01", "7900000000a", "7" * 16])
def test_what_is_no_full_number_is_not_guessed_at(given: str) -> None:
    with pytest.raises(ValueError, match="international form"):
        phone_digits(given)


@pytest.mark.parametrize("given", ["101", "0100001", "sip-login", "74955140578...2345"])
def test_what_can_be_dialled_stays(given: str) -> None:
    assert dialled(f" {given} ") == given


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-01-15 10:00:00", MOSCOW, datetime(2026, 1, 15, 7, tzinfo=UTC)),
        ("2026-01-15T10:00:00.418", MOSCOW, datetime(2026, 1, 15, 7, 0, 0, 418000, tzinfo=UTC)),
        ("2026-01-15 10:00:03.417", MOSCOW, datetime(2026, 1, 15, 7, 0, 3, 417000, tzinfo=UTC)),
        # what the Call API's documentation promises and its sample does not show
        ("2026-01-15T10:00:00Z", MOSCOW, datetime(2026, 1, 15, 10, tzinfo=UTC)),
        ("2026-07-15 10:00:00", BERLIN, datetime(2026, 7, 15, 8, tzinfo=UTC)),
        # an hour that the clocks show twice: the first
        ("2026-10-25 02:30:00", BERLIN, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_moment_is_one_of_the_accounts_zone(text: str, zone: ZoneInfo, moment: datetime) -> None:
    read = moment_of(text, zone)
    assert read == moment
    assert read is not None
    assert read.tzinfo is UTC


def test_no_moment() -> None:
    assert moment_of(None, MOSCOW) is None
    assert moment_of("", MOSCOW) is None
    with pytest.raises(ValueError, match="soon"):
        moment_of("soon", MOSCOW)


def test_moments_are_written_without_zone_and_fractions() -> None:
    assert account_text(datetime(2026, 1, 15, 7, 0, 0, 999999, tzinfo=UTC), MOSCOW) == "2026-01-15 10:00:00"
    with pytest.raises(ValueError, match="zone"):
        account_text(datetime(2026, 1, 15), MOSCOW)


def test_addresses_of_recordings() -> None:
    host, record = "https://app.uiscom.ru", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
    assert record_url(host, 700100200, record) == f"{host}/system/media/talk/700100200/{record}/"
    assert record_url(host, 700100200, record, "wav") == f"{host}/system/media/wav/700100200/{record}/"


@pytest.mark.parametrize("record", ["", "../../x", "a?b", "a/b"])
def test_an_id_leads_nowhere_else(record: str) -> None:
    with pytest.raises(ValueError, match="no id"):
        record_url("https://app.uiscom.ru", 1, record)

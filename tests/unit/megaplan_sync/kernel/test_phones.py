"""Telephone numbers as people type them."""

import pytest

from megaplan_sync.kernel.phones import phone_e164


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("79001234567", "+79001234567"),
        ("+7 900 123-45-67", "+79001234567"),
        ("8 (900) 123-45-67", "+79001234567"),
        ("89001234567", "+79001234567"),
        ("9001234567", "+79001234567"),
        ("+89001234567", "+79001234567"),  # a plus before the Russian trunk prefix
        ("8 495 123-45-67 доб. 12", "+74951234567"),
        ("+7 702 123 45 67", "+77021234567"),  # Kazakhstan
        ("998901234567", "+998901234567"),  # Uzbekistan, plus left out
        ("00 998 90 123 45 67", "+998901234567"),
        ("380501234567", "+380501234567"),
        ("+1 (202) 555-0114", "+12025550114"),
        ("7 900 123 45 67, 7 900 765 43 21", "+79001234567"),  # the first of several
        ("101", None),  # internal
        ("1234567", None),  # a local number without its code
        ("нет", None),
        ("", None),
    ],
)
def test_phone_e164(typed: str, expected: str | None) -> None:
    assert phone_e164(typed) == expected


def test_national_numbers_are_those_of_the_region() -> None:
    assert phone_e164("044 123 45 67", "UA") == "+380441234567"

"""Telephone numbers as people type them."""

import pytest

from megaplan_sync.kernel.phones import phone_digits, phone_e164, shown_phone


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("79001234567", "+79001234567"),
        ("+7 900 123-45-67", "+79001234567"),
        ("8 (900) 123-45-67", "+79001234567"),
        ("89001234567", "+79001234567"),
        ("9001234567", "+79001234567"),
        ("+8 495 123-45-67", "+74951234567"),  # not +84 of Vietnam
        ("+89001234567", "+79001234567"),  # a plus before the Russian trunk prefix
        ("8 495 123-45-67 доб. 12", "+74951234567"),
        ("+7 702 123 45 67", "+77021234567"),  # Kazakhstan
        ("998901234567", "+998901234567"),  # Uzbekistan, plus left out
        ("00 998 90 123 45 67", "+998901234567"),
        ("380501234567", "+380501234567"),
        ("+1 (202) 555-0114", "+12025550114"),
        ("7 900 123 45 67, 7 900 765 43 21", "+79001234567"),  # the first of several
        ("810 380 44 123 45 67", "+380441234567"),  # dialled abroad from Russia
        ("+7 8 926 000 00 77", "+79260000077"),
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("(812) 123-45-67", "+78121234567"),
        ("8121234567", "+78121234567"),
        ("8 (8152) 45-67-89", "+78152456789"),
        ("\u202a+7 926 000\u201100\u201177\u202c", "+79260000077"),  # copied from an address book
        ("８９２６００００0７７", "+79260000077"),
        ("тел.: 8 926 000 00 77", "+79260000077"),
        ("тел89260000077", "+79260000077"),
        ("Иван 89260000077 (брат)", "+79260000077"),
        # extensions
        ("74955140578...2345", "+74955140578"),
        ("74955140578…2345", "+74955140578"),
        ("+7 495 514-05-78 (2345)", "+74955140578"),
        ("+7-926-000-00-77*12", "+79260000077"),
        ("84951234567#12", "+74951234567"),
        ("+79260000077x12", "+79260000077"),
        ("+7 926 000 00 77 х 12", "+79260000077"),
        ("84951234567доб12", "+74951234567"),
        ("8 495 123 45 67 вн. 12", "+74951234567"),
        ("8 495 123 45 67 (ext. 12)", "+74951234567"),
        ("tel:+7-926-000-00-77;ext=12", "+79260000077"),
        # several numbers
        ("+7 926 000-00-77 +7 926 000-00-78", "+79260000077"),
        ("8 926 000 00 77 8 926 000 00 78", "+79260000077"),
        ("89260000077/89260000078", "+79260000077"),
        ("8 926 000 00 77 и 8 926 000 00 78", "+79260000077"),
        ("8 495 123-45-67/68", "+74951234567"),
        ("8 495 123-45-67, 68", "+74951234567"),
        ("нет, 89260000077", "+79260000077"),
        # SIP
        ("sip:+79260000077@sip.example.org;user=phone", "+79260000077"),
        ("79260000077@sip.example.org", "+79260000077"),
        ("sip:%2B79260000077@sip.example.org", "+79260000077"),
        ("sip:101@sip.example.org", None),
        ("0100001", None),
        # hidden
        ("anonymous", None),
        ("sip:anonymous@anonymous.invalid", None),
        ("000000000000", None),
        # not surely a number
        ("+7 (926) 000-00-7O", None),  # a Latin O
        ("+7 (926) 000-00-7О", None),  # a Cyrillic one
        ("8 9Зб 000 00 77", None),
        ("8 926 ООО 00 77", None),
        ("89260000077О", None),
        ("О9260000077", None),
        ("+7 926 000 00 7", None),  # a digit is missing
        ("7 926 000 00 7", None),
        ("8 926 000 00 7", None),
        ("8 (411) 234-56-7", None),  # 841 is a code, too
        ("8926000007", None),
        ("+8 (212) 123-45-67", None),
        ("8 (212) 123-45-67", None),  # a number of Korea, if 8 were not the trunk prefix
        ("8861234567", None),  # a number of Taiwan, if it had a plus
        ("926000007", None),
        ("+7 926 000-00-77 8", None),  # a digit too many
        ("749551405782345", None),
        ("7+9260000077", None),
        ("+9260000077", None),
        ("812?1234567", None),
        ("+7 926 ***-**-77", None),
        ("client79260000077@example.org", None),
        ("7" * 201, None),
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
    assert phone_e164("901234567", "UZ") == "+998901234567"
    assert phone_e164("7021234567", "KZ") == phone_e164("8 702 123 45 67", "RU") == "+77021234567"
    assert phone_e164("7021234567", "RU") is None
    assert phone_e164("030/901820", "DE") == "+4930901820"  # without the slash, two numbers
    assert phone_e164("+7 926 000 00 77", "ZZ") is None


@pytest.mark.parametrize(
    ("told", "digits"),
    [
        ("9256649787", "79256649787"),
        ("89256649787", "79256649787"),
        ("+79256649787", "79256649787"),
        ("74955140578...2345", "74955140578"),
        ("anonymous", "anonymous"),
        ("101", "101"),
        ("8926000007", "8926000007"),
        ("+47 41 23 45 67", "+4741234567"),  # 4741234567 is a number of Lipetsk
    ],
)
def test_numbers_of_events_are_written_as_uis_writes_them(told: str, digits: str) -> None:
    assert phone_digits(told) == phone_digits(digits) == digits


def test_only_a_number_is_shown_with_a_plus() -> None:
    shown = [shown_phone(one) for one in ("79256649787", "101", "8926000007", "4741234567")]
    assert shown == ["+79256649787", "101", "8926000007", "+4741234567"]

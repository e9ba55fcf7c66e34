"""Everything personal is replaced, and what the structure needs is kept."""

from decimal import Decimal
from typing import Any

import pytest

from megaplan_sync.doctor.anonymiser import Anonymiser, dumps, loads
from megaplan_sync.kernel.phones import phone_e164

ANONYMISER = Anonymiser(b"key")


@pytest.mark.parametrize(
    "kept",
    [
        {"contentType": "Deal", "id": "1001"},
        {"limit": 100, "sortBy": [{"contentType": "SortField", "fieldName": "timeCreated", "desc": False}]},
        {"contentType": "DateTime", "value": "2024-01-01T00:00:00+00:00"},
        {"contentType": "DateOnly", "year": 2024, "month": 8, "day": 31},
        {"jsonrpc": "2.0", "method": "get.deals", "data": None},
        {"employee_id": 501, "duration": 12, "talk_duration": 7, "is_lost": False},
        {"currency": "RUB", "type": "positive", "mnemonic": "do_not_disturb"},
        {"count": 0, "hidden": 1, "empty": ""},
    ],
)
def test_kept(kept: Any) -> None:
    assert ANONYMISER.value(kept) == kept


@pytest.mark.parametrize(
    "personal",
    [
        {"name": "Иван Петров"},
        {"status": "Ivan Petrov"},
        {"type": "Личный"},
        {"comments": "перезвонить 89161234567"},
        {"email": "ivan@example.test"},
        {"phone": 79161234567},
        {"value": Decimal("123456.78")},
        {"id": "79161234567"},
        {"access_token": "deadbeef"},
        {"birthday": "1990-05-17"},
        {"birthday": {"contentType": "DateOnly", "year": 1990, "month": 5, "day": 17}},
        {"birthday": {"contentType": "DateTime", "value": "1990-05-17T00:00:00+00:00"}},
        {"url": "https://ivanov.example/page?user=7"},
        {"Иван": True},
        {"Category100CustomFieldPasportIvanova": None},
        ["Иван", ["Пётр"]],
    ],
)
def test_replaced(personal: Any) -> None:
    made = ANONYMISER.value(personal)
    assert made != personal
    assert ANONYMISER.value(personal) == made, "always alike"
    if isinstance(personal, dict):
        assert {type(value) for value in made.values()} == {type(value) for value in personal.values()}


def test_form_and_length_stay() -> None:
    made = ANONYMISER.value({"name": "Ёлкин-Ivan 27", "url": "https://a.b/c"})
    assert len(made["name"]) == len("Ёлкин-Ivan 27")
    assert made["name"][0].isupper()
    assert made["name"][5] == "-"
    assert made["url"].startswith("https://")


def test_phones_are_replaced_alike_in_every_form() -> None:
    forms = ["+79161234567", "79161234567", "8 (916) 123-45-67", "9161234567"]
    made = ["".join(filter(str.isdigit, ANONYMISER.value(form)))[-10:] for form in forms]
    assert len(set(made)) == 1
    assert made[0].startswith("900")
    assert ANONYMISER.value("+74951234567").startswith("+7495")
    assert "1234567" not in ANONYMISER.value("+74951234567")


@pytest.mark.parametrize(
    "typed",
    [
        "8 (916) 123-45-67 доб. 12",
        "моб. +7 916 123 45 67 Пётр",
        "9161234567, 8 495 123 45 67",
        "8 926 123 45 67 8 926 123 45 68",
        "+375 29 123-45-67",
        "998901234567",
        "+7 701 123 45 67",
        "8-800-100-20-30",
        "+1 202 555 01 43",
        "sip:79161234567@pbx.example",
        "７９１６１２３４５６７",
        # no numbers to the product, and so they stay
        "8 (411) 234-56-7",
        "8 9I6 123 45 67",
        "123456789012",
        "ИНН 7707083893",
    ],
)
def test_what_is_a_number_stays_one(typed: str) -> None:
    made = ANONYMISER.value({"value": typed})["value"]
    assert made != typed
    number, again = phone_e164(typed), phone_e164(made)
    assert (number is None) == (again is None), made
    if number:
        assert again == ANONYMISER.value(number), "the same in every form"
        assert str(again)[:2] == number[:2], "of the same country"
        assert number[-7:] not in "".join(filter(str.isdigit, made))


def test_custom_fields_have_one_name_everywhere() -> None:
    name = "Category100CustomFieldVid"
    made = ANONYMISER.value({"fields": [name], name: None, "name": name})
    assert made["fields"][0] == made["name"]
    assert made["name"] in made
    assert made["name"].startswith("Category100CustomField")


def test_numbers_keep_their_digits() -> None:
    made = ANONYMISER.value(loads('{"price": -12345678901234567890.50, "odd": NaN}'))
    assert len(dumps(made["price"])) == len("-12345678901234567890.50")
    assert made["odd"] == 0


def test_addresses_and_bodies() -> None:
    assert ANONYMISER.path("/api/v3/deal/1001/states") == "/api/v3/deal/1001/states"
    assert "Ivan" not in ANONYMISER.path("/api/v3/deal/Ivan-7")
    assert ANONYMISER.query("") == ""
    assert ANONYMISER.query("%7B%22limit%22%3A5%7D") == "%7B%22limit%22%3A5%7D"
    assert "Ivan" not in ANONYMISER.query("q=Ivan&limit=5")
    assert (
        ANONYMISER.body(b"username=ivan&grant_type=password", "application/x-www-form-urlencoded")["json"][
            "grant_type"
        ]
        == "password"
    )
    assert ANONYMISER.body("<p>Иван</p>".encode(), "text/html") == {"text": "<x>xxxx</x>"}


@pytest.mark.parametrize(
    ("typed", "personal"),
    [
        ("паспорт 4509 123456, +7 916 123-45-67", "123456,"),
        ("СНИЛС 112-233-445 95, тел. 8 916 123-45-67", "445 95"),
        ("17.05.1990 +7 916 123-45-67", "1990"),
        ("карта 5536 9138 0000 1234; 8 (916) 123-45-67", "9138"),
    ],
)
def test_digits_before_a_phone_are_replaced_too(typed: str, personal: str) -> None:
    made = ANONYMISER.value(typed)
    assert personal not in made
    assert "123-45-67" not in made

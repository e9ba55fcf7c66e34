"""What becomes of values that nobody expects: docs/odd-values.md. None of them holds up the rest of its page."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from psycopg import Connection

from megaplan_sync.raw import entities as registry
from megaplan_sync.raw.writer import EntityWriter

from .stored import ACCOUNT, DEAL, HUMAN, Store, link, moment, money, store, template

__all__ = ["store", "template"]

GOOD = {**DEAL, **link("Deal", "1"), "positions": []}
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
ENTITIES = {"deals": DEAL, "contacts": HUMAN, "employees": {**link("Employee", "77"), "name": "Анна"}}
ENTITIES["currencies"] = {**link("Currency", "77"), "name": "Рубль"}


def nested(levels: int) -> Any:
    found: Any = "bottom"
    for _ in range(levels):
        found = {"deeper": found}
    return found


deep = nested(200)

# id of the case: (table, keys that are changed, columns of the row that lands)
LANDS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    # numbers
    "a number as text": ("deals", {"price": money("60000.50", "RUB", None)}, {"price": Decimal("60000.50")}),
    "a number with a comma": ("deals", {"price": money("1,5", "RUB", None)}, {"price": Decimal("1.5")}),
    "a number with spaces around": ("deals", {"price": money(" 7 ", "RUB", None)}, {"price": 7}),
    "thousands apart": ("deals", {"price": money("1 000", "RUB", None)}, {"price": None}),
    "a number in words": ("deals", {"price": money("много", "RUB", None)}, {"price": None}),
    "a hexadecimal number": ("deals", {"price": money("0x1F", "RUB", None)}, {"price": None}),
    "a binary number": ("deals", {"price": money("-0b101", "RUB", None)}, {"price": None}),
    "digits grouped as in programs": ("deals", {"price": money("1_000", "RUB", None)}, {"price": None}),
    "an empty number": ("deals", {"price": money("", "RUB", None)}, {"price": None}),
    "NaN as text": ("deals", {"price": money("NaN", "RUB", None)}, {"price": None}),
    "Infinity as text": ("deals", {"price": money("-Infinity", "RUB", None)}, {"price": None}),
    "beyond numeric, as text": ("deals", {"price": money("1e200000", "RUB", None)}, {"price": None}),
    "beyond numeric in a directory": ("currencies", {"rate": "1e200000"}, {"rate": None}),
    "an exponent": ("deals", {"price": money(1e16, "RUB", None)}, {"price": 10**16}),
    "20 digits": (
        "deals",
        {"price": money("12345678901234567890", "RUB", None)},
        {"price": 12345678901234567890},
    ),
    "30 decimals as text": (
        "deals",
        {"price": money("0.123456789012345678901234567891", "RUB", None)},
        {"price": Decimal("0.123456789012345678901234567891")},
    ),
    "negative zero": ("deals", {"price": money(-0.0, "RUB", None)}, {"price": 0}),
    "a negative price": ("deals", {"price": money(-5, "RUB", None)}, {"price": -5}),
    "true for a number": ("deals", {"price": money(True, "RUB", None)}, {"price": None}),
    "a list for a number": ("deals", {"price": money([1], "RUB", None)}, {"price": None}),
    "an object for a number": ("deals", {"price": money({"value": 1}, "RUB", None)}, {"price": None}),
    # money
    "money without a currency": ("deals", {"price": {"value": 5}}, {"price": 5, "price_currency": None}),
    "a currency without money": (
        "deals",
        {"price": {"currency": "RUB"}},
        {"price": None, "price_currency": "RUB"},
    ),
    "a bare number for money": ("deals", {"price": 5}, {"price": None, "price_currency": None}),
    "a text for money": ("deals", {"price": "5 RUB"}, {"price": None}),
    "a list for money": ("deals", {"price": [{"value": 5}]}, {"price": None}),
    "a number for a currency": ("deals", {"price": money(5, 643, None)}, {"price_currency": "643"}),
    # points in time
    "a time in UTC": ("deals", {"timeCreated": moment("2026-01-02T12:00:00+00:00")}, {"created_at": NOON}),
    "a time with Z": ("deals", {"timeCreated": moment("2026-01-02T12:00:00Z")}, {"created_at": NOON}),
    "a time in another zone": (
        "deals",
        {"timeCreated": moment("2026-01-02T17:45:00+05:45")},
        {"created_at": NOON},
    ),
    "a time without a zone is UTC": (
        "deals",
        {"timeCreated": moment("2026-01-02T12:00:00")},
        {"created_at": NOON},
    ),
    "a bare text for a time": ("deals", {"timeCreated": "2026-01-02 12:00:00"}, {"created_at": NOON}),
    "24:00": (
        "deals",
        {"timeCreated": moment("2026-01-01T24:00:00Z")},
        {"created_at": datetime(2026, 1, 2, tzinfo=UTC)},
    ),
    "25:00": ("deals", {"timeCreated": moment("2026-01-01T25:00:00Z")}, {"created_at": None}),
    "30 February": ("deals", {"timeCreated": moment("2026-02-30T10:00:00+00:00")}, {"created_at": None}),
    "month 0 and day 0": ("deals", {"timeCreated": moment("2026-00-00 00:00:00")}, {"created_at": None}),
    "PHP's zero date": ("deals", {"timeCreated": moment("-0001-11-30T00:00:00+00:00")}, {"created_at": None}),
    "year 1": (
        "deals",
        {"timeCreated": moment("0001-01-01T00:00:00Z")},
        {"created_at": datetime(1, 1, 1, tzinfo=UTC)},
    ),
    "year 9999": (
        "deals",
        {"timeCreated": moment("9999-12-31T00:00:00Z")},
        {"created_at": datetime(9999, 12, 31, tzinfo=UTC)},
    ),
    "year 10000 by its zone": (
        "deals",
        {"timeCreated": moment("9999-12-31T23:59:59-05:00")},
        {"created_at": None},
    ),
    "year 0 by its zone": (
        "deals",
        {"timeCreated": moment("0001-01-01T00:00:00+03:00")},
        {"created_at": None},
    ),
    "the last 24:00": ("deals", {"timeCreated": moment("9999-12-31T24:00:00Z")}, {"created_at": None}),
    "an unknown zone": (
        "deals",
        {"timeCreated": moment("2026-01-10T15:00:00 Moscow/Nowhere")},
        {"created_at": None},
    ),
    "a zone by name": (
        "deals",
        {"timeCreated": moment("2026-01-10T15:00:00 Europe/Moscow")},
        {"created_at": None},
    ),
    "a week date": ("deals", {"timeCreated": moment("2026-W05-1")}, {"created_at": None}),
    "a week date without dashes": ("deals", {"timeCreated": moment("2026W051")}, {"created_at": None}),
    "a zone beyond the day": (
        "deals",
        {"timeCreated": moment("2026-01-01T00:00:00+23:00")},
        {"created_at": None},
    ),
    "x for T": ("deals", {"timeCreated": moment("2026-01-01x10:00:00+00:00")}, {"created_at": None}),
    "a zone with seconds and more": (
        "deals",
        {"timeCreated": moment("2026-01-01T10:00:00+05:30:15.5")},
        {"created_at": None},
    ),
    "NUL for T": ("deals", {"timeCreated": moment("2026-01-01\x0010:00:00+00:00")}, {"created_at": None}),
    "now": ("deals", {"timeCreated": moment("now")}, {"created_at": None}),
    "infinity for a time": ("deals", {"timeCreated": moment("infinity")}, {"created_at": None}),
    "seconds since 1970": ("deals", {"timeCreated": moment(1767355200)}, {"created_at": None}),
    "a list for a time": ("deals", {"timeCreated": []}, {"created_at": None}),
    # ids and links
    "an id as a number": ("deals", {"id": 77}, {"id": 77}),
    "a link's id as a number": (
        "deals",
        {"manager": {"contentType": "Employee", "id": 5}},
        {"manager_id": 5},
    ),
    "the greatest id": ("deals", {"id": str(2**63 - 1)}, {"id": 2**63 - 1}),
    "the greatest id as a number": ("deals", {"id": 2**63 - 1}, {"id": 2**63 - 1}),
    "the greatest id in a link": (
        "deals",
        {"manager": link("Employee", str(2**63 - 1)), "program": link("Program", str(2**63))},
        {"manager_id": 2**63 - 1, "program_id": None},
    ),
    "a link's id beyond bigint": (
        "deals",
        {"manager": link("Employee", "99999999999999999999")},
        {"manager_id": None},
    ),
    "a link's id with letters": ("deals", {"program": link("Program", "14a")}, {"program_id": None}),
    "a link as a bare id": ("deals", {"program": "14"}, {"program_id": None}),
    "a list of links for a link": ("deals", {"program": [link("Program", "14")]}, {"program_id": None}),
    "digits of another script": ("deals", {"program": link("Program", "٧")}, {"program_id": None}),
    "a text among links": (
        "contacts",
        {"responsibles": ["1", None, link("Employee", "2")]},
        {"responsible_ids": [2]},
    ),
    "links as an object": (
        "contacts",
        {"responsibles": {"0": link("Employee", "2")}},
        {"responsible_ids": [2]},
    ),
    "one link for a list": ("contacts", {"responsibles": link("Employee", "2")}, {"responsible_ids": [2]}),
    # texts
    "an empty text": ("deals", {"name": ""}, {"name": ""}),
    "a number for a text": ("deals", {"name": 12.5}, {"name": "12.5"}),
    "true for a text": ("deals", {"name": True}, {"name": None}),
    "an object for a text": ("deals", {"name": {"ru": "Имя"}}, {"name": None}),
    "NUL in a text": ("deals", {"name": "a\0b"}, {"name": "a\ufffdb"}),
    "a byte order mark in a text": ("deals", {"name": "\ufeffИмя"}, {"name": "\ufeffИмя"}),
    "an emoji and a line break": ("deals", {"name": "🙂\r\n"}, {"name": "🙂\r\n"}),
    "5 MB of text": ("deals", {"name": "я" * 2_500_000}, {"name": "я" * 2_500_000}),
    "200 levels": ("deals", {"deep": deep}, {"name": "Поставка"}),
    "10 000 keys": ("deals", {f"key{place}": place for place in range(10_000)}, {"name": "Поставка"}),
    # yes and no
    "1 for true": ("employees", {"isWorking": 1}, {"is_working": None}),
    "a text for true": ("employees", {"isWorking": "true"}, {"is_working": None}),
    "contact details as text": ("employees", {"contactInfo": "a@example.org"}, {"email": None}),
}


@pytest.mark.parametrize("case", LANDS)
def test_what_lands(store: Store, case: str) -> None:
    table, changes, expected = LANDS[case]
    entity = {**ENTITIES[table], **changes}
    beside = {**ENTITIES[table], "id": "1", "positions": [], "contactInfo": []}
    written = store.write(table, beside, entity)
    assert (len(written.inserted), written.unreadable) == (2, [])
    row = store.rows(table)[1]
    assert {column: row[column] for column in expected} == expected


@pytest.fixture(params=["America/Caracas", "Asia/Kathmandu"])
def odd_session(request: pytest.FixtureRequest, store: Store) -> Connection[Any]:
    """A session whose settings are all odd: readers are deterministic, or a row read twice would be two rows."""
    settings = (
        f"SET LOCAL TimeZone = '{request.param}'",
        "SET LOCAL DateStyle = 'German, DMY'",
        "SET LOCAL IntervalStyle = 'sql_standard'",
        "SET LOCAL extra_float_digits = -15",
        "SET LOCAL search_path = pg_temp",
    )
    store.database.at_begin.append(lambda: store.database.execute("; ".join(settings)))
    return store.database


def test_odd_settings_of_the_session_change_nothing(store: Store, odd_session: Connection[Any]) -> None:
    for table, changes, expected in LANDS.values():
        if table == "deals" and "created_at" in expected:
            store.write("deals", {**DEAL, **changes})
            seconds = "SELECT extract(epoch FROM created_at) FROM megaplan_raw.deals"
            ((found,),) = odd_session.execute(seconds).fetchall()
            wanted = expected["created_at"]
            assert found == (None if wanted is None else wanted.timestamp())


def test_the_quick_reader_of_times_reads_like_the_thorough_one(odd_session: Connection[Any]) -> None:
    texts = [
        f"{year}-{month:02}-{day:02}T{clock}+{offset}"
        for year in ("0000", "0001", "1969", "2023", "2024", "9999")
        for month in range(14)
        for day in (0, 1, 28, 29, 30, 31, 32)
        for clock in ("00:00:00", "23:59:59", "23:59:60", "24:00:00", "24:00:01", "25:00:00", "12:60:00")
        for offset in ("00:00", "05:45", "16:00")
    ]
    differing = """
        SELECT text FROM unnest(%s::text[]) AS text
        WHERE megaplan_raw.time_of_text(text) IS DISTINCT FROM megaplan_raw.any_time_of_text(text)
    """
    assert odd_session.execute(differing, (texts,)).fetchall() == []
    read = "SELECT count(megaplan_raw.time_of_text(text)) FROM unnest(%s::text[]) AS text"
    assert odd_session.execute(read, (texts,)).fetchone() > (len(texts) / 8,)


CHILDREN = {
    "an object for a list": ({"0": link("OfferRow", "1"), "2": link("OfferRow", "2")}, [(1, 0), (2, 1)]),
    "one for a list": ({**link("OfferRow", "1"), "offer": link("Offer", "5")}, [(1, 0)]),
    "an object with other keys": (
        {"a": link("OfferRow", "1"), "bb": link("OfferRow", "2")},
        [(1, 0), (2, 1)],
    ),
    "an empty object": ({}, []),
    "more than ten in an object": (
        {str(place): link("OfferRow", str(100 + place)) for place in range(12)},
        [(100 + place, place) for place in range(12)],
    ),
    "null and one without an id": (
        [
            link("OfferRow", "1"),
            None,
            {"contentType": "OfferRow"},
            {**link("OfferRow", "3"), "offer": "1", "unit": "шт."},
        ],
        [(1, 0), (3, 3)],
    ),
    "the same twice": ([link("OfferRow", "1"), link("OfferRow", "1")], [(1, 0)]),
    "a text": ("нет", []),
    "false": (False, []),
}


@pytest.mark.parametrize("case", CHILDREN)
def test_line_items_of_an_odd_form(store: Store, case: str) -> None:
    positions, expected = CHILDREN[case]
    assert store.write("deals", GOOD, {**DEAL, "positions": positions}).unreadable == []
    assert [(row["id"], row["position"]) for row in store.rows("deal_positions")] == expected


POINTS: dict[str, tuple[Any, list[tuple[int, str | None, str | None]]]] = {
    "null": ([None, {"type": "email", "value": "a@example.org"}], [(1, "email", "a@example.org")]),
    "an object for a list": ({"5": {"type": "email", "value": "a"}}, [(0, "email", "a")]),
    "a phone as a number": ([{"type": "phone", "value": 79123456789}], [(0, "phone", "79123456789")]),
    "one for a list": ({"type": "email", "value": "a", "isMain": True}, [(0, "email", "a")]),
    "a list for a value": ([{"type": "phone", "value": ["1"]}], [(0, "phone", None)]),
    "a text": ("89123456789", []),
    "true": (True, []),
    "a number": (5, []),
}


@pytest.mark.parametrize("case", POINTS)
def test_contact_points_of_an_odd_form(store: Store, case: str) -> None:
    points, expected = POINTS[case]
    assert store.write("contacts", {**HUMAN, "contactInfo": points}).unreadable == []
    found = [(row["position"], row["type"], row["value"]) for row in store.rows("contact_points")]
    assert found == expected


@pytest.mark.parametrize(
    ("point", "phone"),
    [
        ({"value": "8 912 345-67-89"}, "+79123456789"),
        ({"value": 89123456789}, "+79123456789"),
        ({"value": "8 912 345-67-89", "comment": {}}, "+79123456789"),
        ({"value": "", "contentType": "Address", "address": "8 912 345-67-89"}, "+79123456789"),
        ({"contentType": "Address", "address": 89123456789}, "+79123456789"),
        ({"value": None, "address": "8 912 345-67-89"}, None),
        ({"value": True}, None),
        ({"value": 8.9123456789e20}, None),
    ],
)
def test_the_audit_reads_odd_phones_as_they_were_written(
    store: Store, point: dict[str, Any], phone: str | None
) -> None:
    store.write("contacts", {**HUMAN, "contactInfo": [{"type": "phone", **point}]})
    assert store.row("contact_points")["phone_e164"] == phone
    assert EntityWriter(registry.ENTITIES["contacts"]).differing(store.database, ACCOUNT, [501]) == []

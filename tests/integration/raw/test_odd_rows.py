"""What can be no row is set aside, and numbers of any length are kept: docs/odd-values.md."""

import hashlib
from decimal import Decimal
from typing import Any

import pytest

from megaplan_hook.envelope import parse_answer

from .stored import DEAL, Store, link, store, template

__all__ = ["store", "template"]

GOOD = {**DEAL, **link("Deal", "1"), "positions": []}


def nested(levels: int) -> Any:
    found: Any = "bottom"
    for _ in range(levels):
        found = {"deeper": found}
    return found


NO_ROWS: dict[str, Any] = {
    "null": None,
    "a text": "Deal",
    "a list": [],
    "no id": {"contentType": "Deal", "name": "без id"},
    "an empty id": link("Deal", ""),
    "an id with letters": link("Deal", "77a"),
    "an id beyond bigint": link("Deal", "99999999999999999999"),
    "the least id beyond bigint": link("Deal", str(2**63)),
    "the same as a number": {"contentType": "Deal", "id": 2**63},
    "true for an id": {"contentType": "Deal", "id": True},
    "digits of another script": link("Deal", "٧"),
    "no content type": {"id": "78"},
    "a list for a content type": {"contentType": ["Deal"], "id": "78"},
    "an object for a content type": {"contentType": {"a": 1}, "id": "78"},
    "NUL for an id": link("Deal", "a\0b"),
    "an endless id": link("Deal", "".join(hashlib.sha256(bytes([n])).hexdigest() for n in range(250))),
    "an object for an id": {"contentType": "Deal", "id": {"a": 1}},
    "thousands of digits for an id": link("Deal", "9" * 5000),
    "300 levels": {**DEAL, "id": "78", "tree": nested(300)},
    "900 levels": {**DEAL, "id": "78", "tree": nested(900)},
}


@pytest.mark.parametrize("case", NO_ROWS)
def test_what_can_be_no_row_is_set_aside_with_its_text(store: Store, case: str) -> None:
    body = NO_ROWS[case]
    written = store.write("deals", GOOD, body, DEAL)
    assert (len(written.inserted), len(written.unreadable)) == (2, 1)
    row = store.row("unreadable_rows")
    assert (row["entity"], row["id"], bool(row["reason"])) == ("deals", written.unreadable[0], True)
    store.write("deals", body)
    assert store.row("unreadable_rows")["first_failed_at"] == row["first_failed_at"]


def test_what_postgres_refuses_is_found_by_halving(store: Store) -> None:
    """Hardly anything is refused any more; here a rule of somebody else's does it."""
    store.database.execute(
        """ALTER TABLE megaplan_raw.deals
        ADD CHECK (length(payload ->> 'name') / (7 - length(payload ->> 'name')) < 99)"""
    )
    deals = [
        {**GOOD, "id": str(number), "name": "x" * (7 if number in (3, 11) else 5)} for number in range(1, 20)
    ]
    written = store.write("deals", *deals)
    assert (len(written.inserted), sorted(written.unreadable)) == (17, ["11", "3"])
    assert {row["reason"] for row in store.rows("unreadable_rows")} == {"division by zero"}
    store.database.execute("UPDATE megaplan_raw.unreadable_rows SET acknowledged_at = now()")
    store.write("deals", {**deals[2], "number": "other"})
    kept = {row["id"]: row["acknowledged_at"] is not None for row in store.rows("unreadable_rows")}
    assert kept == {"11": True, "3": False}, "one that changes has to be looked at again"
    mended = store.write("deals", {**deals[2], "name": "short"}, deals[10])
    assert ([key.id for key in mended.inserted], mended.unreadable) == ([3], ["11"])
    assert [row["id"] for row in store.rows("unreadable_rows")] == ["11"]


@pytest.mark.parametrize(
    ("sent", "price"),
    [
        ("NaN", None),
        ("Infinity", None),
        ("-Infinity", None),
        ("1e400", None),
        ("12345678901234567890123", Decimal("12345678901234567890123")),
        ("0.12345678901234567890", Decimal("0.12345678901234567890")),
        ("240711.73748999997", Decimal("240711.73748999997")),
        ("1.10", Decimal("1.1")),
    ],
)
def test_numbers_that_a_parser_would_round_are_exact_or_null(
    store: Store, sent: str, price: Decimal | None
) -> None:
    body = b'{"meta": {"status": 200}, "data": %s}' % (
        b'{"contentType": "Deal", "id": "77", "price": {"value": %s, "currency": "RUB"}}' % sent.encode()
    )
    store.write("deals", parse_answer(200, body, "/deal/77").data)
    assert store.row("deals")["price"] == price


@pytest.mark.parametrize("levels", [1100, 100_000])
@pytest.mark.parametrize("beside", ["", ', "x": 0.12345678901234567890', r', "x": "\ud83d]}"'])
def test_a_row_that_no_parser_reads_holds_up_no_other(store: Store, levels: int, beside: str) -> None:
    tree = b'{"x": [' * levels + b"1" + b"]}" * levels
    rows = (
        b'{"contentType": "Deal", "id": "1", "name": "[{"' + beside.encode() + b"}",
        b'{"contentType": "Deal", "id": "2", "tree": ' + tree + b"}",
        b'{"contentType": "Deal", "id": "3"}',
    )
    body = b'{"meta": {"status": 200}, "data": [' + b", ".join(rows) + b"]}"
    written = store.write("deals", *parse_answer(200, body, "/deal").data)
    assert ([key.id for key in written.inserted], written.unreadable) == ([1, 3], ["2"])
    assert store.row("unreadable_rows")["body"] == '{"contentType":"Deal","id":"2"}'


def test_half_an_emoji_is_replaced(store: Store) -> None:
    body = rb'{"meta": {"status": 200}, "data": {"contentType": "Deal", "id": "77", "name": "a\ud83d b"}}'
    store.write("deals", parse_answer(200, body, "/deal/77").data)
    assert store.row("deals")["name"] == "a? b"


def test_digits_of_a_row_with_nul_are_kept(store: Store) -> None:
    body = (
        rb'{"meta": {"status": 200}, "data": {"contentType": "Deal", "id": "77", "name": "a\u0000", "x": %s}}'
    )
    store.write("deals", parse_answer(200, body % (b"123456789012345678901234567890",), "/deal/77").data)
    found = store.database.execute("SELECT name, payload ->> 'x' FROM megaplan_raw.deals").fetchone()
    assert found == ("a\ufffd", "123456789012345678901234567890")


@pytest.mark.parametrize("digits", [4301, 20_000])
def test_a_number_of_thousands_of_digits_stops_nothing(store: Store, digits: int) -> None:
    body = b'{"meta": {"status": 200}, "data": {"contentType": "Deal", "id": "77", "x": %s}}' % (
        b"9" * digits
    )
    written = store.write("deals", GOOD, parse_answer(200, body, "/deal/77").data)
    assert len(written.inserted) == 2


def test_bare_ids_of_many_digits_are_set_aside_one_by_one(store: Store) -> None:
    body = b'{"meta": {"status": 200}, "data": [%s]}' % b",".join(
        b'{"contentType": "Deal", "id": %d}' % (10**25 + number) for number in range(3)
    )
    for _ in range(2):
        store.write("deals", *parse_answer(200, body, "/deal").data)
    assert len(store.rows("unreadable_rows")) == 3

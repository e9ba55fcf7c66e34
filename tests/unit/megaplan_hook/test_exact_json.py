"""Numbers are read exactly, or as null and counted; never as another number."""

import json
from decimal import Decimal
from typing import Any

import orjson
import pytest

from megaplan_hook import exact_json
from megaplan_hook.envelope import parse_answer

EXACT = [
    "0", "-0", "7", "-1.5", "0.1", "60000.50", "1e16", "1.5e300", "9007199254740993", "18446744073709551615",
    "18446744073709551616", "-9223372036854775809", "123456789012345678901234567890", "12345678901234567.25",
    "0.12345678901234567891", "-0.000000000000000000012345678901234567891", "1e-400", "12.5e-310", "1E-320",
    "1.7976931348623157e308", "100000000000000000000.000000000000000000001",
]  # fmt: skip
LOST = ["NaN", "Infinity", "-Infinity", "1e400", "-1E+999999", "1.8e308", "9" * 400 + ".5"]


@pytest.mark.parametrize("text", EXACT)
@pytest.mark.parametrize(
    "form",
    ['{"a": [%s], "b": "x"}', '{"a":[%s],"b":"\\ud83d"}', '{"a": [\r%s\r\n], "b": "x"}'],
    ids=["valid", "odd", "lines of Windows"],
)
def test_a_number_keeps_its_value(text: str, form: str) -> None:
    lost: list[str] = []
    written = orjson.dumps(exact_json.loads((form % text).encode(), lost))
    assert json.loads(written, parse_float=Decimal, parse_int=Decimal)["a"] == [Decimal(text)]
    assert lost == []


@pytest.mark.parametrize("text", LOST)
def test_what_is_no_number_is_null_and_counted(text: str) -> None:
    lost: list[str] = []
    assert exact_json.loads(f'{{"a": [{text}, 1], "b": {text}}}'.encode(), lost) == {
        "a": [None, 1],
        "b": None,
    }
    assert lost == [text, text]
    body = f'{{"meta": {{"status": 200}}, "data": [{text}]}}'
    assert parse_answer(200, body.encode(), "/deal").lost_numbers == 1


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ('"\\ud83d\\ude00"', "\U0001f600"),
        ('"\\ud83d"', "?"),
        ('"a\\ud83d\\\\ude00"', "a?\\ude00"),
        ('"\\\\ud83d"', "\\ud83d"),
        ('"\\ude00\\ud83d"', "??"),
        ('"\\ud83d\\u0041"', "?A"),
    ],
)
def test_half_a_surrogate_pair_is_a_question_mark(sent: str, read: Any) -> None:
    assert exact_json.loads(f"[{sent}, NaN]".encode()) == [read, None]
    assert exact_json.loads(f"[{sent}]".encode()) == [read]

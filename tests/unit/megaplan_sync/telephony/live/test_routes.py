"""Interactive requests of UIS."""

import json

import pytest

from megaplan_sync.telephony.live.routes import fallback_phones, read_route_request


@pytest.mark.parametrize(
    ("numa", "caller"),
    [
        ("79995550011", "79995550011"),
        (79995550011, "79995550011"),
        (" +7 999 555-00-11 ", "+7 999 555-00-11"),
        ("anonymous", None),
        ("None", None),
        ("", None),
        (None, None),
        ("7" * 101, None),
    ],
)
def test_who_calls(numa: object, caller: str | None) -> None:
    asked = read_route_request(json.dumps({"numa": numa, "cdr_id": "700"}).encode(), "application/json", None)
    assert (asked.caller, asked.call_session_id, asked.broken) == (caller, 700, None)


def test_a_fallback_number_that_is_none_is_not_dialled() -> None:
    typed = ("8 495 000-00-77", "101", "0100009", "+7 926 000 00 7")
    assert list(fallback_phones(typed, "RU").values()) == ["+74950000077", "101", "0100009", None]

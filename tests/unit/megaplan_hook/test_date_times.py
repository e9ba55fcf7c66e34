"""Moments, links and queries."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

import pytest

from megaplan_hook.date_times import datetime_for_write, datetime_value
from megaplan_hook.links import is_bare_link, link
from megaplan_hook.query import encode_arguments, path_id

MOMENT = datetime(2026, 9, 21, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-21T09:15:00+00:00",
        "2026-09-21T12:15:00+03:00",
        "2026-09-21T09:15:00.000Z",
        "2026-09-21 09:15:00",
        "2026-09-21 09:15:00.000000 UTC",
    ],
)
def test_moments_are_read_in_every_form_seen(text: str) -> None:
    assert datetime_value({"contentType": "DateTime", "value": text}) == MOMENT
    assert datetime_value(text) == MOMENT


@pytest.mark.parametrize("nothing", [None, "", {}, {"contentType": "DateTime", "value": None}])
def test_no_moment(nothing: Any) -> None:
    assert datetime_value(nothing) is None


@pytest.mark.parametrize(
    ("datetime_format", "text"),
    [
        ("iso_offset", "2026-09-21T09:15:00+00:00"),
        ("spaced", "2026-09-21 09:15:00"),
        ("kp10", "2026-09-21 09:15:00.000000 UTC"),
    ],
)
def test_moments_are_written_in_utc(datetime_format: Any, text: str) -> None:
    moscow = MOMENT.astimezone(timezone(timedelta(hours=3)))
    assert datetime_for_write(moscow, datetime_format) == {"contentType": "DateTime", "value": text}


def test_a_moment_without_zone_is_not_written() -> None:
    with pytest.raises(ValueError, match="time zone"):
        datetime_for_write(datetime(2026, 9, 21))


def test_links() -> None:
    assert link({"contentType": "Deal", "id": 77, "name": "x"}) == {"contentType": "Deal", "id": "77"}
    assert is_bare_link({"contentType": "Deal", "id": "77"})
    assert not is_bare_link({"contentType": "Deal", "id": "77", "name": None})
    with pytest.raises(ValueError, match="without contentType or id"):
        link({"id": "77"})


def test_arguments_are_one_percent_encoded_json_object() -> None:
    arguments = {"limit": 50, "q": "Анна & Ко", "pageAfter": {"contentType": "Deal", "id": "1"}}
    encoded = encode_arguments(arguments)
    assert encoded.startswith("%7B%22limit%22%3A50%2C")
    assert not set(encoded) & set('{}"&= /?+')
    assert json.loads(unquote(encoded)) == arguments
    assert encode_arguments({}) == ""
    assert path_id("Todo/5819") == "Todo%2F5819"

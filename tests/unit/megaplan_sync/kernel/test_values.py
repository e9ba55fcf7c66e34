"""Megaplan's values in typed columns."""

from datetime import UTC, datetime
from typing import Any

import pytest

from megaplan_sync.kernel.values import boolean, entries, identifier, link_id, moment

QUARTER_PAST_NINE = datetime(2026, 9, 21, 9, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"contentType": "DateTime", "value": "2026-09-21T09:15:00+00:00"}, QUARTER_PAST_NINE),
        ("2026-09-21T12:15:00+03:00", QUARTER_PAST_NINE),
        ("2026-09-21T09:15:00Z", QUARTER_PAST_NINE),
        ({"contentType": "DateTime", "value": "-0001-11-30T00:00:00+00:00"}, None),  # PHP's zero date
        ({"contentType": "DateTime", "value": "2026-02-30T00:00:00+00:00"}, None),
        ("2026-09-21 09:15:00", QUARTER_PAST_NINE),
        # Python reads these, Postgres does not
        ("2026-W05-1", None),
        ("20260101", None),
        ("2026-01-01T00:00:00+23:00", None),
        ("2026-01-01T10:00:00+05:30:15.5", None),
        ("2026-01-01x10:00:00+00:00", None),
        # beyond the years of Python
        ("0001-01-01T00:00:00+03:00", None),
        ("9999-12-31T23:59:59-05:00", None),
        ("", None),
        (None, None),
    ],
)
def test_moment(sent: Any, expected: datetime | None) -> None:
    assert moment(sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("28994", 28994),
        (7, 7),
        ("Todo/5", None),
        ("", None),
        (True, None),
        (2**63 - 1, 2**63 - 1),
        (str(2**63 - 1), 2**63 - 1),
        (2**63, None),
        (str(2**63), None),
        (-1, None),
        ("-1", None),
    ],
)
def test_identifier(sent: Any, expected: int | None) -> None:
    assert identifier(sent) == expected


def test_link_id_looks_at_the_type() -> None:
    contractor = {"contentType": "ContractorHuman", "id": "5"}
    assert link_id(contractor) == 5
    assert link_id(contractor, ("Employee",)) is None
    assert link_id(None) is None


@pytest.mark.parametrize(("sent", "expected"), [(True, True), (False, False), (1, None), ("true", None)])
def test_boolean(sent: Any, expected: bool | None) -> None:
    assert boolean(sent) is expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([1, None], [1, None]),
        ({"10": "c", "2": "b", "0": None}, [None, "b", "c"]),
        ({"id": "1", "offer": {}}, [{"id": "1", "offer": {}}]),
        ({"a": {"id": "1"}, "b": {"id": "2"}}, [{"id": "1"}, {"id": "2"}]),
        ({}, []),
        ("1", []),
        (None, []),
    ],
)
def test_entries_of_what_should_be_a_list(sent: Any, expected: list[Any]) -> None:
    assert entries(sent) == expected

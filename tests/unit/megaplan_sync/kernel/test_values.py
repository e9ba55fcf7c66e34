"""Megaplan's values in typed columns."""

from typing import Any

import pytest

from megaplan_sync.kernel.values import boolean, identifier, link_id, moment


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"contentType": "DateTime", "value": "2026-09-21T09:15:00+00:00"}, "2026-09-21T09:15:00+00:00"),
        ({"contentType": "DateTime", "value": "-0001-11-30T00:00:00+00:00"}, None),  # PHP's zero date
        ({"contentType": "DateTime", "value": "2026-02-30T00:00:00+00:00"}, None),
        ("2026-09-21 09:15:00", "2026-09-21 09:15:00"),
        ("", None),
        (None, None),
    ],
)
def test_moment(sent: Any, expected: str | None) -> None:
    assert moment(sent) == expected


@pytest.mark.parametrize(
    ("sent", "expected"), [("28994", 28994), (7, 7), ("Todo/5", None), ("", None), (True, None)]
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

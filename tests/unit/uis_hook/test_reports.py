"""Reports are cut into windows that UIS accepts, and put together again without losses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from tests.unit.uis_hook.conftest import settings
from uis_hook.exceptions import UisNotFoundError
from uis_hook.jsonrpc import Answer
from uis_hook.paging import Page
from uis_hook.reports import (
    CALL_FIELDS,
    ReportWindows,
    calls_report,
    deals_report,
    report_id_of,
)

MOSCOW = ZoneInfo("Europe/Moscow")
START = datetime(2026, 1, 1, tzinfo=UTC)
LISTING = calls_report(settings(), START, START).listing


def windows(days: float, longest: int = 31) -> ReportWindows:
    return ReportWindows(START, START + timedelta(days=days), longest, MOSCOW, "start_time")


def test_moments_are_those_of_the_accounts_zone() -> None:
    found = windows(1)
    window = found.next()
    assert window is not None
    assert found.params(window) == {"date_from": "2026-01-01 03:00:00", "date_till": "2026-01-02 03:00:00"}
    assert found.next() is None


def test_the_last_second_is_asked_for_wholly() -> None:
    end = START + timedelta(seconds=5, microseconds=1)
    found = ReportWindows(START, end, 31, MOSCOW, "start_time")
    window = found.next()
    assert window is not None
    assert found.params(window)["date_till"] == "2026-01-01 03:00:06"


@pytest.mark.parametrize(("days", "count"), [(0, 1), (31, 1), (31.5, 2), (93, 3), (100, 4)])
def test_windows_touch_and_none_is_too_long(days: float, count: int) -> None:
    found = windows(days)
    all_of_them = []
    while (window := found.next()) is not None:
        all_of_them.append(window)
    assert len(all_of_them) == count
    assert all_of_them[0].start == START
    assert all_of_them[-1].end == START + timedelta(days=days)
    assert all(one.end == other.start for one, other in pairwise(all_of_them))
    assert all(window.end - window.start <= timedelta(days=31) for window in all_of_them)


def test_rows_on_the_border_of_two_windows_come_once() -> None:
    found = windows(62)
    found.next()
    border = {"id": 1, "start_time": "2026-02-01 03:00:00"}
    first = found.accept(Page([{"id": 0, "start_time": "2026-01-20 00:00:00"}, border], 2, True), LISTING)
    assert [row["id"] for row in first.rows] == [0, 1]
    assert not first.is_last
    found.next()
    second = found.accept(Page([border, {"id": 2, "start_time": "2026-02-01 03:00:00"}], 2, True), LISTING)
    assert [row["id"] for row in second.rows] == [2]
    assert second.is_last


def test_a_window_with_too_many_rows_is_halved() -> None:
    found = windows(10)
    found.next()
    assert not found.split_if_too_long(Page([], 100_000, False))
    assert found.split_if_too_long(Page([], 100_001, False))
    halves = [found.next(), found.next()]
    assert halves == [
        (START, START + timedelta(days=5)),
        (START + timedelta(days=5), START + timedelta(days=10)),
    ]
    assert found.next() is None


def test_a_single_second_is_not_halved() -> None:
    found = ReportWindows(START, START + timedelta(seconds=1), 31, MOSCOW, "start_time")
    found.next()
    assert not found.split_if_too_long(Page([], 10**6, False))


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (datetime(2026, 1, 1), START, "time zone"),
        (START, datetime(2026, 1, 2), "time zone"),
        (START + timedelta(1), START, "before it starts"),
    ],
)
def test_impossible_times(start: datetime, end: datetime, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ReportWindows(start, end, 31, MOSCOW, "start_time")


def test_columns_must_be_named() -> None:
    with pytest.raises(ValueError, match="start_time"):
        calls_report(settings(), START, START, fields=["id"])
    with pytest.raises(ValueError, match="deal_ext_id, deal_date_time"):
        deals_report(settings(), START, START, 5, fields=[])


def test_the_parameters_of_the_calls_report() -> None:
    report = calls_report(settings(), START, START)
    request = report.pages(7).next_request()
    assert request is not None
    assert request.params == {
        "date_from": "2026-01-01 03:00:00",
        "date_till": "2026-01-01 03:00:00",
        "fields": list(CALL_FIELDS),
        "limit": 7,
        "offset": 0,
        "sort": [{"field": "start_time", "order": "asc"}],
    }


def test_the_report_of_a_type() -> None:
    answer = Answer([{"id": 4, "type": "calls"}, {"id": 9, "type": "deals"}], "get.reports_list")
    assert report_id_of("deals").parse(answer) == 9
    with pytest.raises(UisNotFoundError, match="leads"):
        report_id_of("leads").parse(answer)

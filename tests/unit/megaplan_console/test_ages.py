"""How ages are shown."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import Request

from megaplan_console.pages import Page


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=-5), "0 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=30), "30 min"),
        (timedelta(minutes=119), "119 min"),
        (timedelta(hours=47), "47 h"),
        (timedelta(days=3, hours=5), "3 days"),
    ],
)
def test_an_age_is_shown_in_the_unit_that_people_use(passed: timedelta, shown: str) -> None:
    page = Page(Request({"type": "http", "headers": [], "root_path": "/base/megaplan"}))
    assert page.age(passed) == shown
    if passed > timedelta(minutes=2):
        assert page.age(datetime.now(UTC) - passed) == shown
    assert (
        page.address("failures", kind="rows", account="", after=0)
        == "/base/megaplan/failures?kind=rows&after=0"
    )

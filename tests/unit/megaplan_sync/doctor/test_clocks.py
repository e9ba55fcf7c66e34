"""Whose clock is wrong is told by comparing all of them with this machine's."""

import pytest

from megaplan_sync.doctor.clocks import judge_clocks


@pytest.mark.parametrize(
    ("ahead", "expected"),
    [
        ({}, []),
        ({"Megaplan": 3.0, "UIS": -2.0, "Postgres": 0.0}, [("ok", "clock")]),
        ({"Megaplan": 30.0}, [("warning", "clock")]),
        ({"Megaplan": -3600.0}, [("error", "clock")]),
        ({"Megaplan": 3600.0, "UIS": 3601.0, "Postgres": 0.0}, [("error", "clock")]),
        # Postgres runs elsewhere, and its clock is right: this machine's is still the only one that is wrong
        ({"Megaplan": 3600.0, "UIS": 3601.0, "Postgres": 3600.0}, [("error", "clock")]),
        ({"Megaplan": 0.0, "UIS": 400.0}, [("error", "clock of UIS")]),
        ({"Megaplan": -400.0, "UIS": 1.0, "Postgres": 0.0}, [("error", "clock of Megaplan")]),
        (
            {"Megaplan": 1.0, "UIS": 1.0, "Postgres": 60.0},
            [("ok", "clock"), ("warning", "clock of Postgres")],
        ),
        ({"Megaplan": 600.0, "UIS": -600.0}, [("error", "clock of Megaplan"), ("error", "clock of UIS")]),
    ],
)
def test_the_clock_that_is_wrong_is_named(ahead: dict[str, float], expected: list[tuple[str, str]]) -> None:
    found = list(judge_clocks(ahead))
    assert [(finding.level, finding.topic) for finding in found] == expected
    assert all(finding.remedy and finding.who for finding in found if finding.level != "ok")

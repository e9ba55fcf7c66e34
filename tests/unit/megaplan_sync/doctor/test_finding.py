"""Findings in the log: what a person reads first on a small screen."""

import logging

from megaplan_sync.doctor.finding import AIRFLOW, MEGAPLAN, error, ok, report, warning
from megaplan_sync.kernel.error_reporting import LINE_WIDTH

FINDINGS = [
    error("application", f"{'a long message ' * 12}ends", MEGAPLAN, f"{'a long remedy ' * 12}ends"),
    ok("login", "works"),
    warning("mapped employees", "nobody is mapped yet", AIRFLOW, "run the DAG megaplan_telephony_sync"),
]


def test_errors_come_last_in_lines_that_fit_and_each_remedy_begins_a_line() -> None:
    logged = list(report("megaplan_default", FINDINGS))
    assert [level for level, _ in logged] == [
        *[logging.INFO] * 2,
        *[logging.WARNING] * 2,
        *[logging.ERROR] * 2,
    ]
    assert logged[0][1] == "megaplan_default: 1 error, 1 warning, 1 ok"
    lines = [line for _, text in logged for line in text.splitlines()]
    assert max(map(len, lines)) <= LINE_WIDTH
    assert "→ the administrator of Airflow: run the DAG megaplan_telephony_sync" in lines
    assert lines[-1].strip().endswith("remedy ends")

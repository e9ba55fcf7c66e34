"""The mismatches as a table, and the page that explains them."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from megaplan_sync.telephony.people.mismatch_report import MOST_ROWS, mismatch_table
from megaplan_sync.telephony.people.mismatches import MismatchKind

PAGE = (Path(__file__).parents[5] / "docs" / "telephony-users.md").read_text(encoding="utf-8")
FOUND: dict[str, Any] = {
    "kind": "number_not_in_uis",
    "employee_id": 1000010,
    "uis_employee_id": None,
    "internal_number": "0111",
    "message": "Correct it.",
    "first_found_at": datetime(2026, 1, 15, 7, 5, tzinfo=UTC),
}


def test_every_row_is_shown_under_its_heading() -> None:
    other = {**FOUND, "kind": "number_not_in_megaplan", "employee_id": None, "uis_employee_id": 501}
    assert mismatch_table([FOUND, other]).splitlines() == [
        "kind                    employee  UIS employee  number  since              what to do",
        "number_not_in_uis       1000010                 0111    2026-01-15 07:05Z  Correct it.",
        "number_not_in_megaplan            501           0111    2026-01-15 07:05Z  Correct it.",
    ]


def test_what_was_not_written_has_no_time_yet() -> None:
    unsaved = {name: value for name, value in FOUND.items() if name != "first_found_at"}
    assert mismatch_table([unsaved]).splitlines()[1] == (
        "number_not_in_uis  1000010                 0111           Correct it."
    )


def test_a_long_table_says_where_the_rest_is() -> None:
    lines = mismatch_table([FOUND] * (MOST_ROWS + 2)).splitlines()
    assert len(lines) == MOST_ROWS + 2
    assert lines[-1] == "and 2 more in telephony.mismatches"


def test_nothing_to_show() -> None:
    assert mismatch_table([]) == ""


def test_the_page_explains_every_kind_in_the_order_of_the_report() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == [kind.value for kind in MismatchKind]
    assert f"at most {MOST_ROWS} rows" in PAGE

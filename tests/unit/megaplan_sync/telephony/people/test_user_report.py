"""The mismatches in the log, and the page that explains them."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from megaplan_sync.telephony.people.mismatch_report import MOST_ROWS, mismatch_entries
from megaplan_sync.telephony.people.mismatches import MismatchKind

PAGE = (Path(__file__).parents[5] / "docs" / "telephony-users.md").read_text(encoding="utf-8")
FOUND: dict[str, Any] = {
    "kind": "number_not_in_uis",
    "employee_id": 1000010,
    "uis_employee_id": None,
    "internal_number": "0111",
    "name": "Иванова Анна",
    "uis_name": None,
    "message": "Correct it.",
    "first_found_at": datetime(2026, 1, 15, 7, 5, tzinfo=UTC),
}


def test_every_mismatch_names_the_people_concerned() -> None:
    other = {**FOUND, "employee_id": None, "name": None, "uis_employee_id": 501, "uis_name": "Смирнов Олег"}
    nobody = {**FOUND, "employee_id": None, "name": None}
    unnamed = {**FOUND, "name": None}
    assert list(mismatch_entries([FOUND, other, nobody, unnamed])) == [
        "Иванова Анна – number_not_in_uis, since 2026-01-15 07:05Z\nCorrect it.",
        "UIS: Смирнов Олег – number_not_in_uis, since 2026-01-15 07:05Z\nCorrect it.",
        "number 0111 – number_not_in_uis, since 2026-01-15 07:05Z\nCorrect it.",
        "1000010 – number_not_in_uis, since 2026-01-15 07:05Z\nCorrect it.",
    ]


def test_what_was_not_written_has_no_time_yet() -> None:
    unsaved = {name: value for name, value in FOUND.items() if name != "first_found_at"}
    assert list(mismatch_entries([unsaved])) == ["Иванова Анна – number_not_in_uis\nCorrect it."]


def test_a_long_message_fits_on_the_screen() -> None:
    (entry,) = mismatch_entries([{**FOUND, "message": "Correct this. " * 20}])
    assert len(entry.splitlines()) >= 4
    assert max(map(len, entry.splitlines())) <= 90


def test_a_long_list_says_where_the_rest_is() -> None:
    entries = list(mismatch_entries([FOUND] * (MOST_ROWS + 2)))
    assert len(entries) == MOST_ROWS + 1
    assert entries[-1] == "and 2 more in telephony.mismatches"


def test_the_page_explains_every_kind_in_the_order_of_the_report() -> None:
    assert re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE) == [kind.value for kind in MismatchKind]
    assert f"at most {MOST_ROWS} rows" in PAGE

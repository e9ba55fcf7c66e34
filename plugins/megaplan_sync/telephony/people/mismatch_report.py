"""The mismatches of an account as a log shows them: who, what is wrong, and what to do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from megaplan_sync.kernel.error_reporting import on_screen

MOST_ROWS = 500
"""Maximum number of mismatches in a log; ``telephony.mismatches`` has all of them."""


def mismatch_entries(mismatches: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield an entry of some lines for each mismatch.

    :param mismatches: rows with the columns of ``select_mismatches``; ``first_found_at`` may be missing
    """
    for row in mismatches[:MOST_ROWS]:
        since = f", since {row['first_found_at']:%Y-%m-%d %H:%M}Z" if row.get("first_found_at") else ""
        yield f"{_who(row)} – {row['kind']}{since}\n{on_screen(row['message'])}"
    if (more := len(mismatches) - MOST_ROWS) > 0:
        yield f"and {more} more in telephony.mismatches"


def _who(row: Mapping[str, Any]) -> str:
    """Return the people concerned, or the number if there is nobody."""
    sides = (("", row["name"], row["employee_id"]), ("UIS: ", row["uis_name"], row["uis_employee_id"]))
    people = [f"{side}{name or id}" for side, name, id in sides if name or id]
    return ", ".join(people) or f"number {row['internal_number']}"

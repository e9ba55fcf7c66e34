"""The mismatches of an account as a text table."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST_ROWS = 500
"""Maximum number of rows in a log; ``telephony.mismatches`` has all of them."""
_COLUMNS = {
    "kind": "kind",
    "employee_id": "employee",
    "uis_employee_id": "UIS employee",
    "internal_number": "number",
    "first_found_at": "since",
    "message": "what to do",
}


def mismatch_table(mismatches: Sequence[Mapping[str, Any]]) -> str:
    """Return the table with left-aligned columns; an empty string if there are no mismatches.

    :param mismatches: rows with the columns of ``select_mismatches``; ``first_found_at`` may be missing
    """
    import pandas as pd  # slow; not needed while DAG files are parsed

    if not mismatches:
        return ""
    frame = pd.DataFrame(list(mismatches[:MOST_ROWS]), dtype=object).reindex(columns=list(_COLUMNS))
    frame["first_found_at"] = [
        "" if pd.isna(moment) else f"{moment:%Y-%m-%d %H:%M}Z" for moment in frame["first_found_at"]
    ]
    shown = frame.astype(object).where(frame.notna(), "").astype(str).rename(columns=_COLUMNS)
    widths = {name: max(len(name), int(shown[name].str.len().max())) for name in shown.columns[:-1]}
    for name, width in widths.items():
        shown[name] = shown[name].str.ljust(width)
    lines = ["  ".join([*(name.ljust(width) for name, width in widths.items()), shown.columns[-1]])]
    lines += ["  ".join(row) for row in shown.itertuples(index=False)]
    if (more := len(mismatches) - MOST_ROWS) > 0:
        lines.append(f"and {more} more in telephony.mismatches")
    return "\n".join(lines)

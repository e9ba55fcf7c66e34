"""The mismatches of an account as one table for people."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST_ROWS = 500
"""So many go into a log; all of them stand in ``telephony.mismatches``."""
_COLUMNS = {
    "kind": "kind",
    "employee_id": "employee",
    "uis_employee_id": "UIS employee",
    "internal_number": "number",
    "first_found_at": "since",
    "told": "what to do",
}


def mismatch_table(mismatches: Sequence[Mapping[str, Any]]) -> str:
    """Return the table, columns to the left, or an empty text when there is nothing to show.

    :param mismatches: rows with the columns of ``select_mismatches``; ``first_found_at`` may be missing
    """
    import pandas as pd  # not while a DAG file is parsed

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

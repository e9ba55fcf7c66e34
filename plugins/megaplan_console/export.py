"""Tables as CSV and XLSX in which no text from outside becomes a formula."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from xlsxwriter import Workbook

Format = Literal["csv", "xlsx"]
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""With these, spreadsheets take a cell of a CSV file for a formula (OWASP, CSV injection)."""


@dataclass(frozen=True)
class _Written:
    media_type: str
    write: Callable[[Iterable[Sequence[object]]], bytes]


def to_csv(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as CSV in UTF-8, with the mark by which Excel recognises it."""
    text = io.StringIO()
    csv.writer(text).writerows([_harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def to_xlsx(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as a workbook whose first row stays visible; texts are texts, whatever they look like."""
    content = io.BytesIO()
    workbook = Workbook(content, {"in_memory": True})
    sheet = workbook.add_worksheet()
    bold = workbook.add_format({"bold": True})
    for place, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, int | float):
                sheet.write_number(place, column, cell)
            elif cell is not None:
                sheet.write_string(place, column, str(cell), None if place else bold)
    sheet.freeze_panes(1, 0)
    sheet.autofit()
    workbook.close()
    return content.getvalue()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


FORMATS: dict[Format, _Written] = {
    "csv": _Written("text/csv; charset=utf-8", to_csv),
    "xlsx": _Written("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", to_xlsx),
}

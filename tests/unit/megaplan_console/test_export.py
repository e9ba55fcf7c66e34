"""No text from outside becomes a formula, and numbers stay numbers."""

import csv
import io
import zipfile

import pytest

from megaplan_console.export import to_csv, to_xlsx

FORMULAS = ['=HYPERLINK("http://x","y")', "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_stays_text(text: str) -> None:
    rows = list(csv.reader(io.StringIO(to_csv([["reason"], [text]]).decode("utf-8-sig"), newline="")))
    assert rows == [["reason"], [f"'{text}"]]
    with zipfile.ZipFile(io.BytesIO(to_xlsx([["reason"], [text]]))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet.lower()


def test_numbers_stay_numbers_and_what_is_unknown_stays_empty() -> None:
    assert to_csv([["a", -5, None, "б"]]) == b"\xef\xbb\xbfa,-5,,\xd0\xb1\r\n"
    with zipfile.ZipFile(io.BytesIO(to_xlsx([["a"], [-5], [None]]))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<v>-5</v>" in sheet
    assert 'r="A3"' not in sheet

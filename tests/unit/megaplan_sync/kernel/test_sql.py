"""Each lane has a folder of statements, each topic a file, and each statement a name to find it by."""

import re
from pathlib import Path

import pytest

from megaplan_sync.kernel.sql import read_folder, read_sql, statements

REPOSITORY = Path(__file__).parents[4]
FOLDER = REPOSITORY / "include" / "sql"
MOST_FILES = 65
MOST_LINES = 400
CODE = "\n".join(
    path.read_text(encoding="utf-8")
    for room in ("plugins", "megaplan_gateway")
    for path in sorted((REPOSITORY / room).rglob("*.py"))
)


# migrations are found by their numbers: a new one is a file and nothing else
@pytest.mark.parametrize(
    "name", [name for name in sorted(statements()) if not re.fullmatch(r"migrate_to_\d+", name)]
)
def test_every_statement_is_used_by_its_full_name(name: str) -> None:
    assert re.search(rf'"{name}"', CODE), "nothing uses it, or only by a computed name"


def test_every_name_in_the_code_is_that_of_a_statement() -> None:
    named = set(re.findall(r'\b(?:read_sql|_?execute)\(\s*"(\w+)"', CODE))
    assert len(named) > 100
    assert named <= statements().keys()


def test_no_statement_name_is_computed() -> None:
    assert re.findall(r'(?:read_sql|execute)\(\s*(?:f"[^" ]*"|"[^" ]*" *[+%])', CODE) == []


def test_files_are_few_short_and_sorted_by_lane() -> None:
    files = sorted(FOLDER.rglob("*.sql"))
    lasting = [path for path in files if path.parent.name != "migrations"]  # those only become more
    assert 20 < len(lasting) <= MOST_FILES
    assert [path.name for path in files if path.parent.parent != FOLDER] == []
    assert [path.name for path in files if path.read_text("utf-8").count("\n") > MOST_LINES] == []


def test_every_file_begins_with_the_name_of_its_first_statement() -> None:
    for path in FOLDER.rglob("*.sql"):
        assert path.read_text("utf-8").startswith("-- name: "), f"{path}: its first statement has no name"


def test_an_unknown_statement_is_an_error() -> None:
    with pytest.raises(KeyError):
        read_sql("no_such_statement")


def test_two_statements_of_one_name_are_an_error(tmp_path: Path) -> None:
    for lane in ("raw", "sync"):
        (tmp_path / lane).mkdir()
        (tmp_path / lane / "twins.sql").write_text("-- name: twin\nSELECT 1;\n")
    with pytest.raises(ValueError, match="twin"):
        read_folder(tmp_path)

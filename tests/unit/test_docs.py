"""The pages on settings and raw tables name everything that exists, and nothing that does not."""

import re
from pathlib import Path

import pytest

from megaplan_vendor_kit.settings_table import with_tables

REPOSITORY = Path(__file__).parents[2]
SETTINGS = (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")
RAW_TABLES = (REPOSITORY / "docs" / "raw-tables.md").read_text(encoding="utf-8")
SCHEMA = "\n".join(
    path.read_text(encoding="utf-8")
    for path in sorted((REPOSITORY / "include" / "sql" / "raw").glob("schema_*.sql"))
)

COLUMN = re.compile(r"^  (?P<name>[a-z]\w*) +(?P<type>[a-z]+(?:\[\])?)(?P<not_null> NOT NULL)?", re.MULTILINE)


def section(page: str, heading: str) -> str:
    """Return the text between a heading and the next one of whatever depth."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", page, re.DOTALL | re.MULTILINE)
    if found is None:
        raise LookupError(f"no heading {heading!r}")
    return found.group(1)


def rows(text: str) -> dict[str, str]:
    """Return the second cell of every table row whose first cell is one name in code type."""
    return dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", text, re.MULTILINE))


def test_the_tables_of_settings_are_those_of_the_models() -> None:
    """Otherwise ``make docs`` writes them anew."""
    assert SETTINGS.count("<!-- settings of ") == SETTINGS.count("<!-- end of settings -->") == 4
    assert SETTINGS.count("\n| `") > 70
    assert with_tables(SETTINGS) == SETTINGS


def schema_tables() -> dict[str, dict[str, str]]:
    """Return the columns of every table with their types, as the page writes them."""
    tables = re.findall(
        r"CREATE TABLE IF NOT EXISTS megaplan_raw\.(\w+) \((.*?)\n\)[^;]*;", SCHEMA, re.DOTALL
    )
    return {
        name: {
            column["name"]: column["type"] + (", not null" if column["not_null"] else "")
            for column in COLUMN.finditer(body)
        }
        for name, body in tables
    }


def test_the_schema_is_read_by_this_test() -> None:
    tables = schema_tables()
    assert SCHEMA.count("CREATE TABLE") == len(tables) >= 12
    assert tables["contacts"]["responsible_ids"] == "bigint[]"
    assert sum(map(len, tables.values())) == SCHEMA.count("COMMENT ON COLUMN")


@pytest.mark.parametrize("table", schema_tables())
def test_every_column_is_documented_with_its_type(table: str) -> None:
    of_every_table = rows(section(RAW_TABLES, "Columns of every table"))
    if table in ("deal_versions", "deal_stage_moves", "certificates"):
        of_every_table = {}
    assert of_every_table | rows(section(RAW_TABLES, f"`{table}`")) == schema_tables()[table]


def test_no_table_is_documented_that_does_not_exist() -> None:
    assert sorted(re.findall(r"^### `(\w+)`$", RAW_TABLES, re.MULTILINE)) == sorted(schema_tables())


@pytest.mark.parametrize("page", sorted((REPOSITORY / "docs").rglob("*.md")), ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target

"""The pages on settings and raw tables name everything that exists, and nothing that does not."""

import re
from importlib import import_module
from importlib.util import find_spec
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


def test_the_changelog_names_modules_that_moved_as_they_are_now() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    moved = re.findall(r"^\| `([\w.]+)` \| `([\w.]+)` \| (.*) \|$", changelog, re.MULTILINE)
    assert len(moved) > 10
    for old, new, listed in moved:
        assert find_spec(old) is None, old
        assert all(hasattr(import_module(new), name) for name in re.findall(r"\w+", listed)), new


def test_messages_that_the_quick_start_explains_exist() -> None:
    page = (REPOSITORY / "docs" / "quick-start.ru.md").read_text(encoding="utf-8")
    messages = re.findall(r"^\| [^|]*?`([^`|]+)`[^|]*\|", section(page, "Типичные ошибки"), re.MULTILINE)
    source = "".join(path.read_text(encoding="utf-8") for path in (REPOSITORY / "plugins").rglob("*.py"))
    assert len(messages) > 8
    for part in re.split(r"…|'\w+'", "…".join(messages)):
        assert part.strip() in source, part


PAGES = [
    *sorted(REPOSITORY.glob("*.md")),
    REPOSITORY / "benchmarks" / "README.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]
CODE_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"(^|\s)(--|#) .*$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def anchors(page: str) -> set[str]:
    """Return the anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", CODE_BLOCK.sub("", page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))):
        if not link.startswith("https:"):
            target, _, anchor = link.partition("#")
            file = page.parent / target if target else page
            assert file.exists(), link
            assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), link


def readme(name: str) -> list[str]:
    """Return the sections of a README; the first one is what stands above the first heading of the second level."""
    return re.split(r"^## ", (REPOSITORY / name).read_text(encoding="utf-8"), flags=re.MULTILINE)


ENGLISH, RUSSIAN = readme("README.md"), readme("README.ru.md")


def code(part: str) -> list[tuple[str, str]]:
    """Return language and code of every block, without comments, which are translated."""
    return [(language, COMMENT.sub("", text)) for language, text in CODE_BLOCK.findall(part)]


def targets(part: str) -> list[str]:
    """Return all link targets in one order for both languages; the other language's page counts as the same."""
    return sorted(
        "#" if link.startswith("#") else link.replace(".ru.md", ".md")
        for link in LINK.findall(CODE_BLOCK.sub("", part))
    )


def names(part: str) -> set[str]:
    """Return what stands in code type, without placeholders, which are translated."""
    return {re.sub(r"<.*>", "<>", name) for name in re.findall(r"`([^`]+)`", CODE_BLOCK.sub("", part))}


def test_both_readmes_have_the_same_number_of_sections() -> None:
    assert len(ENGLISH) == len(RUSSIAN) > 10


@pytest.mark.parametrize(
    ("english", "russian"),
    list(zip(ENGLISH, RUSSIAN, strict=False)),
    ids=[part.partition("\n")[0] for part in ENGLISH[: len(RUSSIAN)]],
)
def test_sections_of_both_readmes_have_the_same_code_links_and_names(english: str, russian: str) -> None:
    assert code(english) == code(russian)
    assert targets(english) == targets(russian)
    assert names(english) == names(russian)

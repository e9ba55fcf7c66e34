"""The pages on settings and raw tables name everything that exists, and nothing that does not."""

import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.performance_page import PAGE, figures_of, page_with_figures
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.columns_table import BLOCK, with_columns
from megaplan_sync.raw.table_definitions import TABLES, described_columns
from megaplan_vendor_kit.settings_table import with_tables

REPOSITORY = Path(__file__).parents[2]
SETTINGS = (REPOSITORY / "docs" / "settings.md").read_text(encoding="utf-8")
RAW_TABLES = "\n".join(
    (REPOSITORY / "docs" / page).read_text(encoding="utf-8") for page in ("raw-tables.md", "deal-history.md")
)
SCHEMA = "\n".join(read_sql(statement) for statement in TABLES)
BLOCK_NAMES = [table for _, table, _ in BLOCK.findall(RAW_TABLES)]


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


def test_the_columns_of_raw_tables_are_documented_as_the_ddl_has_them() -> None:
    assert with_columns(RAW_TABLES) == RAW_TABLES, "run `make docs`"
    assert re.findall(r"^### `(\w+)`$", RAW_TABLES, re.MULTILINE) == BLOCK_NAMES
    past = {"past_deal_versions": "deal_versions", "past_deal_stage_moves": "deal_stage_moves"}
    ddl = re.findall(r"^CREATE TABLE IF NOT EXISTS megaplan_raw\.(\w+)", SCHEMA, re.MULTILINE)
    assert len(ddl) >= 15
    assert sorted(BLOCK_NAMES) == sorted(past.get(table, table) for table in ddl)


@pytest.mark.parametrize("table", ["contacts", "deal_versions", "certificates"])
def test_columns_are_read_from_the_ddl(table: str) -> None:
    columns = {column.name: column for column in described_columns(table)}
    assert len(columns) >= 20
    if table == "contacts":
        assert columns["responsible_ids"].type == "bigint[]"
        assert columns["id"] == ("id", "bigint, not null", "Megaplan's id of the contractor")


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


def test_every_fault_names_the_tests_that_show_it() -> None:
    page = (REPOSITORY / "docs" / "faults.md").read_text(encoding="utf-8")
    tables = re.findall(r"^(\|.* \| test \|)\n\|[-|]+\|\n((?:\|.*\n)+)", page, re.MULTILINE)
    faults = [row for _, rows_of_table in tables for row in rows_of_table.splitlines()]
    assert len(faults) > 30
    for fault in faults:
        named = re.findall(r"\[(test_\w+)\]\(\.\./(tests/[\w/]+\.py)\)", fault.split(" | ")[-1])
        assert named, fault
        for test, file in named:
            source = (REPOSITORY / file).read_text(encoding="utf-8")
            assert re.search(rf"^(async )?def {test}\(", source, re.MULTILINE), f"{file}: {test}"


def test_the_figures_are_those_of_the_kept_samples() -> None:
    """Otherwise ``make bench`` draws them anew."""
    page = PAGE.read_text(encoding="utf-8")
    assert figures_of(page) == ["deals_load", "reconcile", "gateway", "many_accounts"]
    assert page_with_figures(page) == page

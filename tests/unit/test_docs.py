"""The pages on settings and raw tables name everything that exists, and nothing that does not."""

import json
import re
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest

from megaplan_hook.settings import FORM_FIELDS, TRANSPORT_FIELDS, AccountSettings
from megaplan_hook.vendor_quirks import VendorQuirks
from uis_hook import settings as uis
from uis_hook.vendor_quirks import VendorQuirks as UisQuirks

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


def documented_default(field: Field[Any]) -> str:
    """Return a default as the page writes it."""
    value = field.default if field.default_factory is MISSING else field.default_factory()
    if value is None or value == ():
        return "none"
    if isinstance(value, VendorQuirks | UisQuirks):
        value = {}
    return f"`{value if isinstance(value, str) else json.dumps(value).removesuffix('.0')}`"


UIS_FIELDS = {field.name: field for field in fields(uis.UisSettings)}
URLS = ("data_api_url", "call_api_url", "records_url")

SECTIONS = {
    "Fields of the form": {
        field.name: documented_default(field)
        for field in fields(AccountSettings)
        if field.name in FORM_FIELDS
    },
    "Only in Extra": {
        field.name: documented_default(field)
        for field in fields(AccountSettings)
        if field.name in TRANSPORT_FIELDS
    },
    "Keys of `vendor_quirks`": {field.name: documented_default(field) for field in fields(VendorQuirks)},
    # what the connection leaves open is filled in by the brand, so it has no default of the settings' own
    "Fields of the UIS form": {
        name: documented_default(UIS_FIELDS[name]) if name not in URLS else "none" for name in uis.FORM_FIELDS
    },
    "Only in Extra of a UIS connection": {
        name: documented_default(UIS_FIELDS[name]) for name in uis.TRANSPORT_FIELDS
    },
    "Keys of `vendor_quirks` of a UIS connection": {
        field.name: documented_default(field) for field in fields(UisQuirks)
    },
}


@pytest.mark.parametrize("heading", SECTIONS)
def test_every_setting_is_documented_with_its_default(heading: str) -> None:
    assert len(SECTIONS[heading]) >= 4
    assert rows(section(SETTINGS, heading)) == SECTIONS[heading]


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

"""Write the tables of settings on a page of documentation: ``python -m megaplan_vendor_kit.settings_table PAGE``.

A table stands between ``<!-- settings of package.module:Model -->`` and ``<!-- end of settings -->``.
"""

from __future__ import annotations

import pkgutil
import re
import sys
from itertools import groupby
from pathlib import Path

from pydantic import BaseModel

from megaplan_vendor_kit.connection_settings import ConnectionSettings
from megaplan_vendor_kit.setting import DescribedSetting, describe

HEADER = "| setting | default | values | meaning |\n|---|---|---|---|\n"
BLOCK = re.compile(r"(<!-- settings of (\S+) -->\n).*?(<!-- end of settings -->)", re.DOTALL)
ONLY_IN_EXTRA = "Only in Extra"


def with_tables(page: str) -> str:
    """Return a page with its tables written from the models."""
    return BLOCK.sub(
        lambda block: f"{block[1]}\n{settings_tables(pkgutil.resolve_name(block[2]))}\n{block[3]}", page
    )


def settings_tables(model: type[BaseModel]) -> str:
    """Return the settings of a model, for a connection one table for each section of its form."""
    settings = list(describe(model).values())
    if not issubclass(model, ConnectionSettings):
        return _table(settings)
    settings.sort(key=lambda setting: not setting.about.section)
    sections = groupby(settings, key=lambda setting: setting.about.section or ONLY_IN_EXTRA)
    return "\n".join(f"### {section}\n\n{_table(list(rows))}" for section, rows in sections)


def _table(settings: list[DescribedSetting]) -> str:
    return HEADER + "".join(
        f"| `{each.name}` | {_default(each)} | {_values(each)} | {_meaning(each)} |\n" for each in settings
    )


def _default(setting: DescribedSetting) -> str:
    default = setting.shown_default or ("{}" if setting.schema["type"] == "object" else "")
    return f"`{default}`" if default else "none"


def _values(setting: DescribedSetting) -> str:
    if "enum" in setting.schema:
        return ", ".join(f"`{value}`" for value in setting.schema["enum"])
    return f"{setting.range} {setting.about.unit}".strip() if setting.range else setting.allowed


def _meaning(setting: DescribedSetting) -> str:
    linked = re.sub(r"docs/([\w/.-]+\.md(?:#[\w-]+)?)", r"[\1](\1)", setting.description)
    return f"{linked} A secret." if setting.schema.get("format") == "password" else linked


if __name__ == "__main__":
    page = Path(sys.argv[1])
    page.write_text(with_tables(page.read_text(encoding="utf-8")), encoding="utf-8")

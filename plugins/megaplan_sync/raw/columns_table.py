"""Write the tables of columns on a page of documentation: ``python -m megaplan_sync.raw.columns_table PAGE...``.

They come from the DDL. A table goes between ``<!-- columns of deals -->`` and ``<!-- end of columns -->``.
"""

import re
import sys
from pathlib import Path

from megaplan_sync.raw.table_definitions import described_columns

BLOCK = re.compile(r"(<!-- columns of (\w+) -->\n).*?(<!-- end of columns -->)", re.DOTALL)
OF_EVERY_TABLE = (
    *("account", "payload", "content_hash"),
    *("first_synced_at", "changed_at", "deleted_at", "deletion_evidence"),
)
"""Columns that the page describes once for all tables; tables of the history and certificates list all of theirs."""


def with_columns(page: str) -> str:
    """Return the page with its tables generated from the DDL."""
    return BLOCK.sub(lambda block: f"{block[1]}\n{columns_table(block[2])}\n{block[3]}", page)


def columns_table(table: str) -> str:
    """Return the columns of a table in Markdown."""
    columns = described_columns(table)
    common = (
        OF_EVERY_TABLE if {"changed_at", "deletion_evidence"} <= {column.name for column in columns} else ()
    )
    rows = [
        f"| `{column.name}` | {column.type} | {column.comment} |\n"
        for column in columns
        if column.name not in common
    ]
    return "| column | type | meaning |\n|---|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]):
        page.write_text(with_columns(page.read_text(encoding="utf-8")), encoding="utf-8")

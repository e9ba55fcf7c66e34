"""Stored columns do not follow a changed reader: whoever changes one writes a migration too."""

import hashlib
import re

import pytest

from megaplan_sync.kernel.sql import read_sql, statements
from megaplan_sync.raw.migrations import MIGRATIONS
from megaplan_sync.raw.table_definitions import READERS, TABLES, table_names, tables_in

_STORED = re.compile(r"-- derivations: (\w+)")
_GENERATED = re.compile(r"^  (\w+) .*GENERATED ALWAYS AS \((.*)\) STORED", re.MULTILINE)


def derivations() -> str:
    """Return a digest of how values of payload become columns: readers and generated columns, without comments."""
    readers = "\n".join(map(read_sql, READERS))
    readers = re.sub(r"--.*|^COMMENT ON .*", "", readers, flags=re.MULTILINE)
    columns = [column for statement in TABLES for column in _GENERATED.findall(read_sql(statement))]
    assert len(columns) > 80
    return hashlib.sha256(repr((readers.split(), columns)).encode()).hexdigest()[:16]


def test_a_changed_reader_or_column_comes_with_a_migration() -> None:
    newest = max(MIGRATIONS)
    (stored,) = _STORED.findall(read_sql(MIGRATIONS[newest]))
    assert stored == derivations(), (
        f"A reader (READERS of raw/table_definitions.py) or a generated column is not what migration {newest} left "
        "in existing databases. Add include/sql/migrations/<next>_<what>.sql with a statement migrate_to_<next> that "
        "brings them up to date: ALTER TABLE ... ADD COLUMN IF NOT EXISTS, ALTER COLUMN ... SET EXPRESSION, or "
        f"UPDATE ... SET payload = payload. Its comment says '-- derivations: {derivations()}'. In a migration that "
        "nobody has run yet the digest may be replaced."
    )


@pytest.mark.parametrize("statement", ["create_readers", "create_deal_position_reader", "create_deal_tables"])
def test_the_digest_follows_the_text_and_not_its_comments(
    statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, text = derivations(), read_sql(statement)
    monkeypatch.setitem(statements(), statement, text + "\n-- a comment")
    assert derivations() == before
    monkeypatch.setitem(statements(), statement, re.sub("'string'|'timeCreated'|'quantity'", "'x'", text))
    assert derivations() != before


def test_migrations_are_numbered_without_a_gap() -> None:
    assert sorted(MIGRATIONS) == list(range(3, 3 + len(MIGRATIONS)))


def test_tables_are_defined_in_any_schema() -> None:
    text = "\n".join(tables_in("elsewhere"))
    assert (
        len(table_names())
        == text.count("CREATE TABLE IF NOT EXISTS elsewhere.")
        == text.count("COMMENT ON TABLE elsewhere.")
    )
    assert "INDEX IF NOT EXISTS deal_positions_by_deal ON elsewhere.deal_positions" in text
    assert "(megaplan_raw.as_id(payload -> 'id'))" in text

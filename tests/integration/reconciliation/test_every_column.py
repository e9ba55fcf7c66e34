"""Every column of every raw table is edited by hand on rows that a night has proven: refused or repaired."""

from typing import Any

import pytest
from psycopg import sql
from psycopg.errors import GeneratedAlways

from tests.integration.reconciliation.nights import CONTENT, Found, Night

OURS = {
    "account": "whose row it is; another account's nights are about other rows",
    "first_synced_at": "when the row was written here: Megaplan does not know",
    "changed_at": "when the row was written here: Megaplan does not know",
    "deleted_at": "where it is set by hand the row is missing, and found: test_changes_by_hand",
    "deletion_evidence": "what was found, and when: the evidence itself is gone",
}
"""Bookkeeping of all tables, each with the reason why no night can know better."""
OURS_OF = {
    "deals": {
        "valid_from": "history: when the present version was seen here",
        "moved_at": "history: when the last move was seen here",
        "moved_from_program_id": "history: the version before is gone from Megaplan",
        "moved_from_state_id": "history: the version before is gone from Megaplan",
        "move_seen_at": "history: when the last move was seen here",
    },
    "custom_fields": {
        "valid_from": "history: when this label was first seen here",
        "valid_to": "where it is set by hand the field is missing, and found: test_directories",
        "entity": "a field of another content type is extra there and missing here: test_directories",
    },
}
NOT_OF_MEGAPLAN = {
    "past_deal_versions": "history: Megaplan keeps no former versions",
    "past_deal_stage_moves": "history as it was seen; Megaplan's history is requested once",
    "certificates": "what nights have found",
    "unreadable_rows": "what could not be stored; it is written again when it comes again",
}
KEYS = {"deal_positions": {"id"}, "contact_points": {"contact_id", "position"}}
"""Columns that make another row of a child: the old one is missing, the new one extra."""


def columns(night: Night, *, generated: bool) -> dict[str, list[str]]:
    """Return the columns of all raw tables."""
    found: dict[str, list[str]] = {}
    rows = night.database.execute(
        """SELECT table_name, column_name FROM information_schema.columns
        JOIN information_schema.tables USING (table_schema, table_name)
        WHERE table_schema = 'megaplan_raw' AND table_type = 'BASE TABLE' AND (is_generated = 'ALWAYS') = %s
        ORDER BY table_name, ordinal_position""",
        (generated,),
    ).fetchall()
    for table, column in rows:
        found.setdefault(table, []).append(column)
    return found


def test_generated_columns_cannot_be_edited(night: Night) -> None:
    every = columns(night, generated=True)
    assert sum(map(len, every.values())) > 70
    for table, names in every.items():
        for name in names:
            with pytest.raises(GeneratedAlways):
                night.database.execute(
                    sql.SQL("UPDATE megaplan_raw.{} SET {} = NULL").format(
                        *map(sql.Identifier, (table, name))
                    )
                )


def test_what_is_no_content_is_listed_with_its_reason(night: Night) -> None:
    plain = columns(night, generated=False)
    assert plain.keys() - NOT_OF_MEGAPLAN.keys() == CONTENT.keys()
    assert NOT_OF_MEGAPLAN.keys() <= plain.keys()
    for table, names in OURS_OF.items():
        assert names.keys() <= set(plain[table])
    listed: set[str] = set().union(*(plain[table] for table in CONTENT))
    assert OURS.keys() <= listed


def test_every_plain_column_that_is_edited_is_found(night: Night) -> None:
    """Each column on a row of its own, all in one night."""
    assert {each.verdict for each in night.run().values()} == {"proven"}
    before = night.rows()
    expected: dict[str, Found] = {}
    for table, names in columns(night, generated=False).items():
        if table in NOT_OF_MEGAPLAN:
            continue
        edited = [name for name in names if name not in OURS and name not in OURS_OF.get(table, {})]
        keys = KEYS.get(table, set())
        for name, place in zip(edited, places(night, table, len(edited)), strict=True):
            night.spoil(table, [name], [place], key="ctid")
        moved = sum(name in keys for name in edited)
        expected[table] = Found(missing=moved, stale=len(edited) - moved, extra=moved)
    assert sum(found.stale for found in expected.values()) > 30
    night.assert_found(night.run(), **expected)
    for table, key in {"deal_positions": "id", "contact_points": "contact_id"}.items():
        night.by_hand(f"DELETE FROM megaplan_raw.{table} WHERE deleted_at IS NOT NULL AND {key} IS NOT NULL")
    assert night.rows() == before
    night.assert_same_tomorrow()


def places(night: Night, table: str, count: int) -> list[Any]:
    """Return where so many present rows stand: of children, each of another parent, with others behind it."""
    parent = {"deal_positions": "deal_id", "contact_points": "contact_id", "pipeline_stages": "pipeline_id"}
    of_parent = parent.get(table, "ctid")
    found = night.value(
        f"""SELECT array_agg(place) FROM (
          SELECT max(ctid) AS place FROM megaplan_raw.{table} WHERE deleted_at IS NULL
          GROUP BY {of_parent} ORDER BY max(ctid) LIMIT %(count)s
        ) AS chosen""",
        count=count,
    )
    assert len(found) == count, table
    return list(found)

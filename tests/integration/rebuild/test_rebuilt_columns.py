"""Columns are what the payload says, and a payload that is not to be believed is left."""

from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.sql import read_sql
from tests.integration.rebuild.conftest import (
    COUNTED,
    DERIVED,
    Gone,
    Rebuild,
    copy_of,
    counts,
    damage,
    one,
    read_wrongly,
    written,
)


@pytest.mark.usefixtures("chunk", "lived")
def test_every_wrong_column_is_what_it_was_and_nobody_asked_megaplan(
    rebuild: Rebuild, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    before = copy_of(database)
    wrong = read_wrongly(database, *DERIVED)
    wrong["deal_versions"] = wrong.pop("past_deal_versions")
    children = {
        "deal_positions": ["position", "name", "quantity", "unit", "price", "price_currency", "sum", "sum_currency",
                           "discount", "discount_type", "offer_id", "catalogue_offer_id"],
        "contact_points": ["type", "value", "phone_e164", "is_main"],
        "pipeline_stages": ["pipeline_id", "position"],
    }  # fmt: skip
    for table, columns in children.items():
        wrong[table] = wrong.get(table, 0) + damage(database, table, columns)
    changed = copy_of(database)
    assert all(before[table] != changed[table] for table in (*DERIVED, *children))
    assert not set(before["deals"]) & set(changed["deals"])

    outcomes = rebuild()
    assert copy_of(database) == before
    found = counts(outcomes)
    # what a stage says of itself, and what its pipeline says of it, are two corrections
    assert {table: table_counts.corrected for table, table_counts in found.items()} == wrong
    for table, table_counts in found.items():
        assert (table_counts.inserted, table_counts.marked, table_counts.left) == (0, 0, 0), table
    assert megaplan.control("requests") == []

    unchanged = written(database)
    assert counts(rebuild()) == {}
    assert written(database) == unchanged


@pytest.mark.usefixtures("lived")
def test_what_is_right_is_not_written(rebuild: Rebuild, database: Connection[Any]) -> None:
    before = written(database)
    outcomes = rebuild()
    assert counts(outcomes) == {}
    assert written(database) == before
    for table in COUNTED:
        ((rows,),) = database.execute(f"SELECT count(*) FROM megaplan_raw.{table}").fetchall()
        read = sum(outcome.tables[table].read for outcome in outcomes.values() if table in outcome.tables)
        assert read == rows, table


@pytest.mark.usefixtures("lived")
def test_children_whose_columns_were_dropped_and_added_are_filled(
    rebuild: Rebuild, database: Connection[Any]
) -> None:
    dropped = [("deal_positions", "catalogue_offer_id", "bigint"), ("contact_points", "phone_e164", "text")]
    before = copy_of(database)
    for table, column, kind in dropped:
        database.execute(f"ALTER TABLE megaplan_raw.{table} DROP COLUMN {column} CASCADE")
        database.execute(f"ALTER TABLE megaplan_raw.{table} ADD COLUMN {column} {kind}")
    rebuild()
    assert copy_of(database) == before


def test_every_column_is_rebuilt_but_those_that_the_docs_name(database: Connection[Any]) -> None:
    """What is neither generated nor written by a statement that rederives children is ours or in no payload."""
    ours = {
        "account",
        "payload",
        "content_hash",
        "first_synced_at",
        "changed_at",
        "deleted_at",
        "deletion_evidence",
    }
    history = {
        "valid_from",
        "valid_to",
        "moved_at",
        "moved_from_program_id",
        "moved_from_state_id",
        "move_seen_at",
    }
    for table in DERIVED:
        plain = {
            name
            for (name,) in database.execute(
                """SELECT attname FROM pg_attribute
                WHERE attrelid = format('megaplan_raw.%%I', %s::text)::regclass
                  AND attnum > 0 AND attgenerated = ''""",
                (table,),
            )
        }
        of_parent = {
            "pipelines": {"is_active"},
            "pipeline_stages": {"pipeline_id", "position"},
            "custom_fields": {"entity"},
        }
        assert plain - ours - history == of_parent.get(table, set()), table
    for table in ("deal_positions", "contact_points"):
        columns = {
            name
            for (name,) in database.execute(
                """SELECT attname FROM pg_attribute
                WHERE attrelid = format('megaplan_raw.%%I', %s::text)::regclass AND attnum > 0""",
                (table,),
            )
        }
        statement = read_sql(f"rederive_{table}")
        keys = {"id", "contact_id"} if table == "deal_positions" else {"contact_id", "position"}
        assert all(f"{name} = excluded.{name}," in statement for name in columns - ours - keys), table


@pytest.mark.usefixtures("lived")
def test_another_phone_region_reads_the_numbers_again(rebuild: Rebuild, database: Connection[Any]) -> None:
    numbers = "SELECT contact_id, position, phone_e164 FROM megaplan_raw.contact_points ORDER BY 1, 2"
    before = database.execute(numbers).fetchall()
    (corrected,) = counts(rebuild("contacts", phone_region="UZ")).values()
    after = database.execute(numbers).fetchall()
    changed = [row for row, earlier in zip(after, before, strict=True) if row != earlier]
    assert 0 < corrected.corrected == len(changed)
    rebuild("contacts")
    assert database.execute(numbers).fetchall() == before


def test_a_payload_that_does_not_fit_its_hash_is_left_with_all_that_hangs_on_it(
    lived: Gone, rebuild: Rebuild, database: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    deal = one(
        database,
        """SELECT deal_id FROM megaplan_raw.past_deal_versions
        WHERE deal_id <> ALL (%s) ORDER BY deal_id LIMIT 1""",
        lived.deals,
    )
    tables = ("contacts", "employees", "departments", "advertising_ways", "contact_types", "currencies", "pipelines",
              "pipeline_stages", "custom_fields")  # fmt: skip
    for table in tables:
        database.execute(
            f"""UPDATE megaplan_raw.{table} SET payload = payload || '{{"by": "hand"}}'
            WHERE ctid = (SELECT max(ctid) FROM megaplan_raw.{table})"""
        )
    database.execute(
        "UPDATE megaplan_raw.deals SET payload = jsonb_set(payload, '{name}', '1') WHERE id = %s", (deal,)
    )
    database.execute("UPDATE megaplan_raw.deal_positions SET name = 'also' WHERE deal_id = %s", (deal,))
    database.execute(
        """UPDATE megaplan_raw.past_deal_versions SET payload = jsonb_set(payload, '{name}', '"by hand"')
        WHERE deal_id = %s""",
        (deal,),
    )
    database.execute(
        "UPDATE megaplan_raw.past_deal_stage_moves SET to_program_id = -1 WHERE deal_id = %s", (deal,)
    )
    database.execute("UPDATE megaplan_raw.deals SET moved_from_state_id = -1 WHERE id = %s", (deal,))
    before = written(database)
    found = counts(rebuild())
    assert written(database) == before
    assert found.pop("deal_versions").left > 0
    assert {table: table_counts.left for table, table_counts in found.items()} == dict.fromkeys(
        ["deals", *tables], 1
    )
    assert f"1 rows were not rebuilt, since their payload does not match its hash: {deal}" in caplog.text
    assert all(table_counts.changed == 0 for table_counts in found.values())


@pytest.mark.usefixtures("lived")
def test_a_payload_that_is_no_entity_is_left(rebuild: Rebuild, database: Connection[Any]) -> None:
    payloads = ['{"id": "%s", "positions": 1}', '{"id": "%s", "contactInfo": "x"}', '{"id": "%s"}']
    for table in ("deals", "contacts"):
        rows = database.execute(f"SELECT id FROM megaplan_raw.{table} ORDER BY id DESC LIMIT 3").fetchall()
        for (identity,), payload in zip(rows, payloads, strict=True):
            database.execute(
                f"UPDATE megaplan_raw.{table} SET payload = %s::jsonb WHERE id = %s",
                (payload % identity, identity),
            )
    before = written(database)
    found = counts(rebuild())
    assert {table: table_counts.left for table, table_counts in found.items()} == {"deals": 3, "contacts": 3}
    assert written(database) == before

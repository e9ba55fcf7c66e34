"""Typed columns are made anew from the payload, and a payload that is not to be believed is left."""

from typing import Any

import pytest
from psycopg import Connection

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.rebuild.columns import FIELDS, NOT_IN_THE_PAYLOAD, typed_columns
from tests.integration.rebuild.conftest import (
    TABLES,
    Gone,
    Rebuild,
    Sync,
    copy_of,
    counts,
    damage,
    one,
    written,
)


@pytest.mark.usefixtures("chunk", "lived")
def test_every_damaged_column_is_what_it_was_and_nobody_asked_megaplan(
    rebuild: Rebuild, database: Connection[Any], megaplan: EmulatedMegaplan
) -> None:
    before = copy_of(database)
    damaged = {}
    for table in FIELDS:
        columns = typed_columns(table)
        if table in ("deal_positions", "contact_points"):
            columns = [*columns, "payload", "content_hash"]
        if table == "pipeline_stages":
            columns = [*columns, "pipeline_id", "position"]
        damaged[table] = damage(database, table, columns)
        assert damaged[table] > 0
    assert all(before[table] != rows for table, rows in copy_of(database).items() if table in FIELDS)

    outcomes = rebuild()
    assert copy_of(database) == before
    told = counts(outcomes)
    assert told.keys() == damaged.keys()
    for table, rows in damaged.items():
        # what a stage says of itself, and what its pipeline says of it, are two corrections
        corrected = told[table].corrected // 2 if table == "pipeline_stages" else told[table].corrected
        assert corrected == rows, table
        assert (told[table].inserted, told[table].marked, told[table].left) == (0, 0, 0), table
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
    for table in TABLES:
        ((rows,),) = database.execute(f"SELECT count(*) FROM megaplan_raw.{table}").fetchall()
        read = sum(outcome.tables[table].read for outcome in outcomes.values() if table in outcome.tables)
        assert read == rows, table


@pytest.mark.usefixtures("lived")
def test_columns_that_were_dropped_and_added_are_filled(rebuild: Rebuild, database: Connection[Any]) -> None:
    dropped = [
        ("deals", "price_in_main", "numeric"),
        ("deals", "custom_fields", "jsonb"),
        ("contacts", "responsible_ids", "bigint[]"),
        ("deal_positions", "catalogue_offer_id", "bigint"),
        ("deal_versions", "state_changed_at", "timestamptz"),
        ("currencies", "rate", "numeric"),
    ]
    before = copy_of(database)
    for table, column, kind in dropped:
        database.execute(f"ALTER TABLE megaplan_raw.{table} DROP COLUMN {column} CASCADE")
        database.execute(f"ALTER TABLE megaplan_raw.{table} ADD COLUMN {column} {kind}")
    rebuild()
    assert copy_of(database) == before


def test_every_column_is_rebuilt_but_those_that_the_docs_name(database: Connection[Any], sync: Sync) -> None:
    sync("currencies")
    bookkeeping = {"account", "payload", "content_hash", "first_synced_at", "changed_at", "deleted_at"}
    for table in FIELDS:
        columns = {
            name
            for (name,) in database.execute(
                """SELECT column_name FROM information_schema.columns
                WHERE table_schema = 'megaplan_raw' AND table_name = %s""",
                (table,),
            )
        }
        key = {
            "deal_versions": {"deal_id", "valid_from", "valid_to"},
            "contact_points": {"contact_id", "position"},
        }
        dictionary = {"entity", "key", "valid_from", "valid_to"}
        keys = dictionary if table == "custom_fields" else key.get(table, {"id"})
        not_made = {*bookkeeping, "deletion_evidence", *keys, *NOT_IN_THE_PAYLOAD.get(table, ())}
        assert columns - not_made == set(typed_columns(table)), table


@pytest.mark.usefixtures("lived")
def test_another_phone_region_reads_the_numbers_anew(rebuild: Rebuild, database: Connection[Any]) -> None:
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
    deal, name = one(
        database,
        """SELECT deal_id, payload ->> 'name' FROM megaplan_raw.deal_versions
        WHERE valid_to IS NOT NULL AND deal_id <> ALL (%s) ORDER BY deal_id LIMIT 1""",
        lived.deals,
    )
    assert name
    for table in ("deals", "contacts", "employees", "departments", "advertising_ways", "contact_types",
                  "currencies", "pipelines", "pipeline_stages", "custom_fields"):  # fmt: skip
        row = f"id = {deal}" if table == "deals" else f"ctid = (SELECT max(ctid) FROM megaplan_raw.{table})"
        database.execute(
            f"""UPDATE megaplan_raw.{table} SET payload = jsonb_set(payload, '{{id}}', '"77"') WHERE {row}"""
        )
    database.execute("UPDATE megaplan_raw.deals SET name = 'also' WHERE id = %s", (deal,))
    database.execute("UPDATE megaplan_raw.deal_positions SET name = 'also' WHERE deal_id = %s", (deal,))
    database.execute(
        """UPDATE megaplan_raw.deal_versions SET name = 'also', payload = jsonb_set(payload, '{name}', '"by hand"')
        WHERE deal_id = %s""",
        (deal,),
    )
    database.execute(
        "UPDATE megaplan_raw.deal_stage_moves SET to_program_id = -1 WHERE deal_id = %s", (deal,)
    )
    before = written(database)
    told = counts(rebuild())
    assert written(database) == before
    assert {table: found.left for table, found in told.items() if table != "deal_versions"} == dict.fromkeys(
        [
            "deals",
            "contacts",
            "employees",
            "departments",
            "advertising_ways",
            "contact_types",
            "currencies",
            "pipelines",
            "pipeline_stages",
            "custom_fields",
        ],
        1,
    )
    assert told["deal_versions"].left > 0
    assert f"1 rows are left as they are, their payload does not fit its hash: {deal}" in caplog.text
    assert all(found.changed == 0 for found in told.values())


@pytest.mark.usefixtures("lived")
def test_a_payload_that_is_no_entity_is_left(rebuild: Rebuild, database: Connection[Any]) -> None:
    payloads = ['{"id": "x"}', "[]", "null", '{"positions": 1}', '"text"']
    for table in ("deals", "contacts"):
        for place, payload in enumerate(payloads):
            database.execute(
                f"""UPDATE megaplan_raw.{table} SET payload = %s::jsonb, name = 'by hand'
                WHERE id = (SELECT id FROM megaplan_raw.{table} ORDER BY id DESC OFFSET %s LIMIT 1)""",
                (payload, place),
            )
    small = ("pipelines", "pipeline_stages", "currencies", "custom_fields")
    for table, payload in zip(small, payloads, strict=False):
        database.execute(f"UPDATE megaplan_raw.{table} SET payload = %s::jsonb", (payload,))
    rows = {table: one(database, f"SELECT count(*) FROM megaplan_raw.{table}") for table in small}
    before = written(database)
    told = counts(rebuild())
    assert {table: found.left for table, found in told.items()} == {"deals": 5, "contacts": 5, **rows}
    assert written(database) == before

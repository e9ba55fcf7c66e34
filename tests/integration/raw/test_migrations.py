"""An older database is upgraded with nothing lost, and with all that people have built on it."""

import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection
from psycopg.errors import CheckViolation, ForeignKeyViolation

from megaplan_sync.kernel.sql import read_sql, statements
from megaplan_sync.raw import migrations, schema
from megaplan_sync.raw.schema import SCHEMA_VERSION, prepare_raw_schema
from tests.integration.databases import address_of, create_database, drop_database
from tests.integration.raw.upgraded import (
    BUILT_BY_PEOPLE,
    LOST,
    NOT_COMPARED,
    VERSION_2,
    VIEWS_THAT_LAST,
    definitions,
    grants,
    raw_tables,
    rows,
)


@pytest.fixture
def role(postgres: str) -> Iterator[str]:
    """A role of the test's own; it goes after the database in which it was granted something."""
    name = f"reader_{uuid4().hex}"
    with psycopg.connect(postgres, autocommit=True) as server:
        server.execute(f"CREATE ROLE {name}")
        yield name
        server.execute(f"DROP ROLE {name}")


@pytest.fixture
def old(role: str, database: Connection[Any]) -> Connection[Any]:
    """A database of version 2."""
    database.execute(VERSION_2.read_bytes())
    return database


@pytest.fixture
def built_upon(role: str, old: Connection[Any]) -> Connection[Any]:
    """A database of version 2 on which people have built something."""
    old.execute(BUILT_BY_PEOPLE.replace("reader", role).encode())
    return old


def test_every_row_version_and_move_is_there(old: Connection[Any]) -> None:
    before = {table: rows(old, f"megaplan_raw.{table}") for table in raw_tables(old)}
    assert prepare_raw_schema(old)
    assert rows(old, "megaplan_raw.unreadable_rows") == []
    deleted = {row["id"] for row in before["deals"] if row["deleted_at"]}
    for table, earlier in before.items():
        assert len(earlier) > 2, table
        left_out = NOT_COMPARED.get(table, ["content_hash"])
        added = rows(old, f"megaplan_raw.{table}")[0].keys() - earlier[0].keys()
        found = rows(old, f"megaplan_raw.{table}", *left_out, *added)
        expected = [{name: value for name, value in row.items() if name not in left_out} for row in earlier]
        if (
            table == "deal_versions"
        ):  # a deleted deal's version was known from when the deal was, as far as deals shows
            for row in [*found, *expected]:
                row["first_synced_at"] = None if row["deal_id"] in deleted else row["first_synced_at"]
        assert sorted(map(repr, found)) == sorted(map(repr, expected)), table


def test_what_stands_in_deals_and_what_in_the_past(old: Connection[Any]) -> None:
    versions, moves = rows(old, "megaplan_raw.deal_versions"), rows(old, "megaplan_raw.deal_stage_moves")
    prepare_raw_schema(old)
    deals = rows(old, "megaplan_raw.deals")
    assert any(deal["deleted_at"] for deal in deals)
    assert len(rows(old, "megaplan_raw.past_deal_versions")) == len(versions) - len(deals) > 20
    moved = [deal for deal in deals if deal["moved_at"]]
    assert len(rows(old, "megaplan_raw.past_deal_stage_moves")) == len(moves) - len(moved)
    assert len(moved) > 20
    in_history = {move["deal_id"] for move in moves if move["source"] != "versions"}
    assert {deal["id"] for deal in deals if not deal["moved_at"]} <= in_history
    hashes = old.execute(
        """SELECT bool_and(content_hash = md5(payload::text)) FROM (
          SELECT content_hash, payload FROM megaplan_raw.deals
          UNION ALL SELECT content_hash, payload FROM megaplan_raw.contacts
          UNION ALL SELECT content_hash, payload FROM megaplan_raw.past_deal_versions
          UNION ALL SELECT content_hash, payload FROM megaplan_raw.custom_fields
        ) AS hashed"""
    ).fetchone()
    assert hashes == (True,)


def test_the_schema_is_that_of_a_new_database(old: Connection[Any], postgres: str) -> None:
    prepare_raw_schema(old)
    name = create_database(postgres)
    try:
        with psycopg.connect(address_of(postgres, name), autocommit=True) as fresh:
            prepare_raw_schema(fresh)
            assert definitions(old) == definitions(fresh)
    finally:
        drop_database(postgres, name)
    assert old.execute("SELECT version FROM megaplan_sync.schema_version").fetchall() == [(SCHEMA_VERSION,)]
    schemas = old.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'megaplan%' ORDER BY 1"
    ).fetchall()
    assert schemas == [("megaplan",), ("megaplan_raw",), ("megaplan_sync",)]


def test_a_second_run_changes_nothing(old: Connection[Any]) -> None:
    def written() -> list[tuple[Any, ...]]:
        catalogue = old.execute("SELECT oid, xmin::text FROM pg_class ORDER BY 1").fetchall()
        return catalogue + old.execute("SELECT id, xmin::text FROM megaplan_raw.deals ORDER BY 1").fetchall()

    assert prepare_raw_schema(old)
    before = written()
    assert not prepare_raw_schema(old)
    assert written() == before


def test_each_account_has_its_view_with_custom_fields_at_once(old: Connection[Any]) -> None:
    before = old.execute("SELECT account, id, cf_nomer_invoysa FROM megaplan.deals ORDER BY 1, 2").fetchall()
    assert any(value for *_, value in before)
    prepare_raw_schema(old)
    after = old.execute(
        "SELECT account, id, cf_nomer_invoysa FROM megaplan.deals_of_mp1 ORDER BY 1, 2"
    ).fetchall()
    assert after == [row for row in before if row[0] == "mp1"]


def test_views_of_people_give_the_same_rows_and_those_that_cannot_be_made_are_named(
    built_upon: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    before = {view: rows(built_upon, f"reports.{view}") for view in VIEWS_THAT_LAST}
    definition = built_upon.execute("SELECT pg_get_viewdef('reports.shipments'::regclass)").fetchone() or (
        "",
    )
    with caplog.at_level(logging.WARNING):
        prepare_raw_schema(built_upon)
    assert {view: rows(built_upon, f"reports.{view}") for view in VIEWS_THAT_LAST} == before
    assert all(before.values())
    lost = built_upon.execute(
        "SELECT kind, name, definition, reason FROM megaplan_sync.lost_views ORDER BY number"
    ).fetchall()
    assert [(kind, name) for kind, name, *_ in lost] == LOST
    for kind, name, _, reason in lost:
        assert f"Upgrade: {kind} {name} could not be restored: {reason}" in caplog.text
    reasons = {name: (definition, reason) for _, name, definition, reason in lost}
    assert definition[0].rstrip(";") in reasons["reports.shipments"][0]
    assert reasons["reports.shipments"][1] == 'column "cf_data_ivremya_otgruzki" does not exist'
    assert reasons["reports.late_shipments"][1] == 'relation "reports.shipments" does not exist'
    comments = built_upon.execute(
        "SELECT obj_description('reports.open_deals'::regclass), col_description('reports.open_deals'::regclass, 3)"
    ).fetchall()
    assert comments == [("What's open", "In its own currency")]
    options = built_upon.execute(
        "SELECT reloptions FROM pg_class WHERE oid = 'reports.counted'::regclass"
    ).fetchone()
    assert options == (["security_barrier=true"],)
    indexes = built_upon.execute(
        "SELECT count(*) FROM pg_index WHERE indrelid = 'reports.by_stage'::regclass"
    ).fetchone()
    assert indexes == (1,)


def test_grants_and_owners_stay(built_upon: Connection[Any], role: str) -> None:
    schemas = ("megaplan", "megaplan_raw", "reports")
    before = grants(built_upon, *schemas)
    prepare_raw_schema(built_upon)
    after = grants(built_upon, *schemas)
    lost = {name for _, name in LOST}
    assert after >= {grant for grant in before if grant[0] not in lost}
    more = {grant for grant in after - before if role in grant}
    assert more == {
        ("megaplan_raw.past_deal_versions", "", right, role, False, "postgres")
        for right in ("SELECT", "DELETE")
    }, "old versions are deleted there"


def test_what_people_have_added_to_tables_stays(built_upon: Connection[Any]) -> None:
    notes = built_upon.execute("SELECT id, note FROM megaplan_raw.deals ORDER BY account, id").fetchall()
    prepare_raw_schema(built_upon)
    assert (
        built_upon.execute("SELECT id, note FROM megaplan_raw.deals ORDER BY account, id").fetchall() == notes
    )
    kept = built_upon.execute(
        """SELECT
          (SELECT array_agg(option ORDER BY option) FROM pg_class, unnest(reloptions) AS option WHERE oid = deals),
          (SELECT toast.reloptions FROM pg_class JOIN pg_class AS toast ON toast.oid = pg_class.reltoastrelid
            WHERE pg_class.oid = deals),
          (SELECT attcompression FROM pg_attribute WHERE attrelid = deals AND attname = 'payload'),
          (SELECT col_description(deals, attnum) FROM pg_attribute WHERE attrelid = deals AND attname = 'note'),
          (SELECT array_agg(indexrelid::regclass::text ORDER BY indisprimary) FROM pg_index WHERE indrelid = deals),
          (SELECT array_agg(tgname::text) FROM pg_trigger WHERE tgrelid = deals AND NOT tgisinternal),
          (SELECT array_agg(stxname::text) FROM pg_statistic_ext WHERE stxrelid = deals),
          (SELECT relrowsecurity FROM pg_class WHERE oid = 'megaplan_raw.contacts'::regclass),
          (SELECT array_agg(policyname::text) FROM pg_policies WHERE tablename = 'contacts')
        FROM (SELECT 'megaplan_raw.deals'::regclass::oid AS deals) AS own"""
    ).fetchone()
    assert kept == (
        ["fillfactor=80", "toast_tuple_target=8160"],
        ["autovacuum_enabled=false"],
        "p",
        "Ours",
        ["megaplan_raw.deals_by_manager", "megaplan_raw.deals_pkey"],
        ["touched"],
        ["stages_of_deals"],
        True,
        ["own_account"],
    )
    with pytest.raises(ForeignKeyViolation):
        built_upon.execute("INSERT INTO reports.remarks VALUES ('mp1', 5)")
    with pytest.raises(CheckViolation):
        built_upon.execute(
            """UPDATE megaplan_raw.deals SET payload = jsonb_set(payload, '{price,value}', '1e13')"""
        )


def test_what_cannot_be_dropped_is_set_aside(old: Connection[Any], caplog: pytest.LogCaptureFixture) -> None:
    old.execute(
        """CREATE FUNCTION public.staff() RETURNS SETOF megaplan.employees
        LANGUAGE sql AS 'SELECT * FROM megaplan.employees'"""
    )
    staff = rows(old, "megaplan.employees")
    prepare_raw_schema(old)
    assert rows(old, "megaplan.employees") == rows(old, "megaplan_before_3.employees") == staff
    assert (
        "VIEW megaplan.employees could not be restored: it is now in schema megaplan_before_3" in caplog.text
    )
    assert "function public.staff() depends on type megaplan.employees" in caplog.text
    old.execute("DROP FUNCTION public.staff")
    for (definition,) in old.execute(
        "SELECT definition FROM megaplan_sync.lost_views ORDER BY number"
    ).fetchall():
        old.execute(definition.encode())


def test_views_and_tables_of_other_roles_stop_nothing(
    role: str, database: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    """The sync is no superuser as a rule: it may not drop what others own, who then read what was moved away."""
    ours = f"sync_{role}"
    database.execute(f"CREATE ROLE {ours}")
    ((name,),) = database.execute("SELECT current_database()").fetchall()
    database.execute(f"GRANT CREATE ON DATABASE {name} TO {ours}, {role}")
    database.execute(f"SET ROLE {ours}")
    database.execute(VERSION_2.read_bytes())
    database.execute(f"GRANT USAGE ON SCHEMA megaplan, megaplan_raw TO {role}")
    database.execute(
        f"GRANT SELECT ON megaplan.deals TO {role}; GRANT REFERENCES ON megaplan_raw.currencies TO {role}"
    )
    database.execute(
        f"""SET ROLE {role};
        CREATE SCHEMA others;
        CREATE VIEW others.open_deals AS SELECT id FROM megaplan.deals WHERE result = 'active';
        CREATE TABLE others.money (
          account text, id bigint, CONSTRAINT of_megaplan FOREIGN KEY (account, id) REFERENCES megaplan_raw.currencies
        );
        SET ROLE {ours}"""
    )
    prepare_raw_schema(database)
    lost = database.execute("SELECT kind, name FROM megaplan_sync.lost_views ORDER BY number").fetchall()
    assert ("VIEW", "others.open_deals") in lost
    assert ("foreign key", "others.money.of_megaplan") in lost
    assert ("old VIEW", "megaplan.deals") in lost
    assert ("old TABLE", "megaplan_raw.currencies") in lost
    assert "permission denied for schema others, so it reads what was moved into .._before_3" in caplog.text
    ((definition,),) = database.execute(
        "SELECT definition FROM megaplan_sync.lost_views WHERE name = 'others.open_deals'"
    ).fetchall()
    database.execute(f"SET ROLE {role}")
    database.execute(definition.replace("CREATE VIEW", "CREATE OR REPLACE VIEW").encode())
    database.execute("ALTER TABLE others.money DROP CONSTRAINT of_megaplan")
    database.execute(f"SET ROLE {ours}")
    cleared = database.execute(
        "SELECT definition FROM megaplan_sync.lost_views WHERE kind LIKE 'old %' ORDER BY number"
    )
    for (statement,) in cleared.fetchall():
        database.execute(statement.encode())
    database.execute("RESET ROLE")
    assert database.execute("SELECT count(*) > 0 FROM others.open_deals").fetchone() == (True,)
    database.execute(f"DROP OWNED BY {ours}, {role} CASCADE; DROP ROLE {ours}")


def test_rows_that_cannot_be_derived_are_kept_and_stop_nothing(
    old: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    payloads = ["[]", "null", '"text"', "{}", '{"id": "7"}']
    deals = [
        id_
        for (id_,) in old.execute(
            "SELECT id FROM megaplan_raw.deals WHERE account = 'mp1' ORDER BY id LIMIT 5"
        )
    ]
    for deal, payload in zip(deals, payloads, strict=True):
        old.execute(
            "UPDATE megaplan_raw.deals SET payload = %s::jsonb WHERE account = 'mp1' AND id = %s",
            (payload, deal),
        )
    (closed,) = old.execute(
        """UPDATE megaplan_raw.deal_versions SET payload = NULL
        WHERE account = 'other' AND valid_to IS NOT NULL AND ctid = (
          SELECT min(ctid) FROM megaplan_raw.deal_versions WHERE account = 'other' AND valid_to IS NOT NULL
        )
        RETURNING to_jsonb(deal_versions)"""
    ).fetchone() or ({},)
    (field,) = old.execute(
        """UPDATE megaplan_raw.custom_fields SET payload = '{}' WHERE key = 'Category1000012CustomFieldNomerInvoysa'
        RETURNING key"""
    ).fetchone() or ("",)
    before = {deal["id"]: deal for deal in rows(old, "megaplan_raw.deals") if deal["account"] == "mp1"}
    prepare_raw_schema(old)
    kept = old.execute("SELECT entity, id, body::jsonb FROM megaplan_raw.unreadable_rows").fetchall()
    bodies = {(entity, known_as): body for entity, known_as, body in kept}
    assert sorted(entity for entity, *_ in kept) == [
        *["custom_fields"] * 2,
        *["deals"] * 5,
        "past_deal_versions",
    ]
    for deal in deals:
        body = bodies["deals", str(deal)]
        assert {name: body[name] for name in before[deal]} == before[deal]
    (version,) = [body for (entity, _), body in bodies.items() if entity == "past_deal_versions"]
    assert version == closed
    assert any(field in known_as for _, known_as, _ in kept)
    assert "Upgrade: 5 rows of deals cannot be derived from a payload" in caplog.text
    left = old.execute("SELECT count(*) FROM megaplan_raw.deals WHERE account = 'mp1'").fetchone()
    assert left == (len(before) - 5,)


def test_a_payload_that_was_edited_by_hand_is_accepted(old: Connection[Any]) -> None:
    """Only Megaplan knows better: the next full night compares whole contents."""
    deal = old.execute(
        """UPDATE megaplan_raw.deals SET payload = jsonb_set(payload, '{name}', '"by hand"')
        WHERE account = 'other' AND deleted_at IS NULL RETURNING id"""
    ).fetchone() or (0,)
    prepare_raw_schema(old)
    found = old.execute(
        "SELECT name FROM megaplan_raw.deals WHERE account = 'other' AND id = %s", deal
    ).fetchone()
    assert found == ("by hand",)


def test_version_1_begins_its_history_with_what_the_deals_are(old: Connection[Any]) -> None:
    old.execute(
        """DROP TABLE megaplan_raw.deal_versions, megaplan_raw.deal_stage_moves, megaplan_raw.certificates;
        UPDATE megaplan_sync.schema_version SET version = 1"""
    )
    deals = [deal for deal in rows(old, "megaplan_raw.deals") if not deal["deleted_at"]]
    assert prepare_raw_schema(old)
    versions = {
        (row["account"], row["deal_id"]): row["valid_from"]
        for row in rows(old, "megaplan_raw.deal_versions")
        if not row["valid_to"]
    }
    assert versions == {(deal["account"], deal["id"]): deal["updated_at"] for deal in deals}
    moves = {(row["account"], row["deal_id"]): row for row in rows(old, "megaplan_raw.deal_stage_moves")}
    assert moves.keys() == versions.keys()
    for deal in deals:
        move = moves[deal["account"], deal["id"]]
        assert (move["moved_at"], move["to_state_id"], move["from_state_id"], move["source"]) == (
            deal["state_changed_at"] or deal["created_at"],
            deal["state_id"],
            None,
            "versions",
        )


@pytest.mark.parametrize("version", [2, max(migrations.MIGRATIONS)])
def test_one_column_more_is_a_line_of_ddl_and_a_migration(
    built_upon: Connection[Any], monkeypatch: pytest.MonkeyPatch, version: int
) -> None:
    """Its key is in the payloads already: the column is there, filled, whatever version the database had."""
    if version > 2:
        prepare_raw_schema(built_upon)
    following = max(migrations.MIGRATIONS) + 1
    line = "one_more bigint GENERATED ALWAYS AS (megaplan_raw.link_id(payload -> 'currency')) STORED"
    tables = read_sql("create_deal_tables").replace("  debt  ", f"  {line}, -- currencies.id\n  debt  ")
    monkeypatch.setitem(statements(), "create_deal_tables", tables)
    add = f"ALTER TABLE megaplan_raw.deals ADD COLUMN IF NOT EXISTS {line}"
    monkeypatch.setitem(statements(), f"migrate_to_{following}", add)
    monkeypatch.setitem(migrations.MIGRATIONS, following, f"migrate_to_{following}")
    monkeypatch.setattr(schema, "SCHEMA_VERSION", following)
    views = {view: rows(built_upon, f"reports.{view}") for view in VIEWS_THAT_LAST}

    assert prepare_raw_schema(built_upon)
    currencies = built_upon.execute(
        "SELECT one_more::text, payload -> 'currency' ->> 'id' FROM megaplan_raw.deals"
    ).fetchall()
    assert len({column for column, _ in currencies}) > 1
    assert all(column == key for column, key in currencies)
    assert {view: rows(built_upon, f"reports.{view}") for view in VIEWS_THAT_LAST} == views
    described = built_upon.execute(
        """SELECT col_description(attrelid, attnum), (SELECT version FROM megaplan_sync.schema_version)
        FROM pg_attribute WHERE attrelid = 'megaplan_raw.deals'::regclass AND attname = 'one_more'"""
    ).fetchone()
    assert described == ("currencies.id", following)
    assert not prepare_raw_schema(built_upon)

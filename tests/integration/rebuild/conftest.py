"""An account with some history, its rebuild as the DAG's task does it, and ways to damage and compare tables."""

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from demo.emulated_megaplan import EmulatedMegaplan
from megaplan_sync.kernel.session import Session
from megaplan_sync.kernel.sql import read_sql
from megaplan_sync.raw.entities import CHILD_TABLES, ENTITIES
from megaplan_sync.raw.outcome import EntityOutcome
from megaplan_sync.raw.table_definitions import READERS
from megaplan_sync.rebuild import entity_rebuild
from megaplan_sync.rebuild.account_rebuild import AccountRebuild
from megaplan_sync.rebuild.outcome import RebuildOutcome, TableCounts

Sync = Callable[..., dict[str, EntityOutcome]]
Rebuild = Callable[..., dict[str, RebuildOutcome]]

COUNTED = (*ENTITIES, *CHILD_TABLES.values(), "deal_versions", "deal_stage_moves")
"""Tables and views that the rebuild counts."""
TABLES = (*ENTITIES, *CHILD_TABLES.values(), "past_deal_versions", "past_deal_stage_moves")
DERIVED = (*ENTITIES, "pipeline_stages", "past_deal_versions")
"""Tables whose columns Postgres derives from the payload of each row."""
WHEN_WRITTEN = ("changed_at",)
WHEN_INSERTED = ("changed_at", "first_synced_at")
EVIDENCE = {"found_by": "rederived from payload, entry absent"}


class Gone(NamedTuple):
    """Rows that the fixture has marked as deleted."""

    deals: list[int]
    contacts: list[int]


@pytest.fixture
def template(loaded_template: str) -> str:
    """The tests here begin with a loaded account."""
    return loaded_template


@pytest.fixture
def account(megaplan: EmulatedMegaplan) -> str:
    return megaplan.url.removeprefix("http://")


@pytest.fixture
def rebuild(database_uri: str, account: str) -> Rebuild:
    """Rebuild the account as the DAG's task does; return the outcome of each entity."""

    def run(*entities: str, phone_region: str = "RU", run_id: str | None = None) -> dict[str, RebuildOutcome]:
        with Session.open(database_uri) as connection:
            rebuilt = AccountRebuild(
                connection, account, phone_region=phone_region, run_id=run_id or uuid4().hex
            )
            return {outcome.entity: outcome for outcome in rebuilt.run(entities)}

    return run


@pytest.fixture
def lived(sync: Sync, database: Connection[Any], megaplan: EmulatedMegaplan, account: str) -> Gone:
    """A loaded account with some history: versions, moves, and deals and contacts that are gone."""
    active = [card["id"] for card in megaplan.control("state?entity=deals") if card["result"] == "active"]
    for _ in range(2):
        megaplan.control("mutate", {"op": "advance_clock", "seconds": 60})
        megaplan.control("mutate", [{"op": "move_stage", "id": deal} for deal in active[:6]])
        megaplan.control("mutate", {"op": "update_deal", "id": active[7], "fields": {"name": uuid4().hex}})
        sync("deals")
    deals = _ids(
        database,
        """SELECT id FROM megaplan_raw.deals WHERE id IN (SELECT deal_id FROM megaplan_raw.deal_positions)
        ORDER BY id LIMIT 3""",
    )
    contacts = _ids(
        database,
        """SELECT id FROM megaplan_raw.contacts WHERE deleted_at IS NULL
        AND id IN (SELECT contact_id FROM megaplan_raw.contact_points) ORDER BY id LIMIT 3""",
    )
    for entity, ids in (("deals", deals), ("contacts", contacts)):
        values = {"entity": entity, "account": account, "ids": ids, "evidence": Jsonb({"found_by": "a test"})}
        database.execute(read_sql("mark_deleted"), values)
        children = ENTITIES[entity].children
        assert children is not None
        database.execute(read_sql(children.orphaned), {"account": account, "ids": ids})
    megaplan.control("requests", method="DELETE")
    return Gone(deals, contacts)


def _ids(database: Connection[Any], query: str) -> list[int]:
    return [identity for (identity,) in database.execute(query).fetchall()]


def one(database: Connection[Any], query: str, *values: Any) -> Any:
    row = database.execute(query, values).fetchone()
    assert row is not None, query
    return row[0] if len(row) == 1 else row


def copy_of(
    database: Connection[Any], *tables: str, without: tuple[str, ...] = WHEN_WRITTEN
) -> dict[str, list[str]]:
    """Return whole tables, row by row as text: 3100 and 3100.0 differ."""
    return {
        table: [
            row
            for (row,) in database.execute(
                sql.SQL(
                    "SELECT (to_jsonb(t) - %s::text[])::text FROM megaplan_raw.{} AS t ORDER BY 1"
                ).format(sql.Identifier(table)),
                (list(without),),
            ).fetchall()
        ]
        for table in tables or TABLES
    }


def written(database: Connection[Any]) -> dict[str, list[tuple[str, str]]]:
    """Return which transaction wrote each row: a row that is written again has another one, and another place."""
    return {
        table: database.execute(
            sql.SQL("SELECT ctid::text, xmin::text FROM megaplan_raw.{} ORDER BY 1").format(
                sql.Identifier(table)
            )
        ).fetchall()
        for table in TABLES
    }


def counts(outcomes: dict[str, RebuildOutcome]) -> dict[str, TableCounts]:
    """Return the counts of every table that was changed or left."""
    return {
        name: table
        for outcome in outcomes.values()
        for name, table in outcome.tables.items()
        if table.changed or table.left
    }


DAMAGES = {
    "text": "'by hand'",
    "numeric": "-12.5",
    "bigint": "-1",
    "integer": "-1",
    "boolean": "NOT coalesce({0}, false)",
    "timestamp with time zone": "timestamptz '1999-01-01'",
    "jsonb": 'jsonb \'{{"by": "hand"}}\'',
    "bigint[]": "ARRAY[-1]::bigint[]",
}
"""Another value of each type; null where that was in the column stays a difference, see ``damage``."""


def damage(database: Connection[Any], table: str, columns: list[str], where: str = "true") -> int:
    """Change columns by hand, in every second row to null where that is possible; return how many rows there are."""
    types = {
        name: (DAMAGES[kind].format(f'"{name}"'), not not_null)
        for name, kind, not_null in database.execute(
            """SELECT attname, format_type(atttypid, NULL), attnotnull FROM pg_attribute
            WHERE attrelid = %s::regclass AND attname = ANY (%s)""",
            (f"megaplan_raw.{table}", columns),
        )
    }
    assert types.keys() == set(columns)
    changes = ", ".join(
        f'"{name}" = CASE WHEN {nullable} AND hashtext(ctid::text) % 2 = 0 THEN NULL ELSE {value} END'
        for name, (value, nullable) in types.items()
    )
    return database.execute(f"UPDATE megaplan_raw.{table} SET {changes} WHERE {where}").rowcount


WRONG_READERS = """
CREATE OR REPLACE FUNCTION megaplan_raw.as_text(value jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN starts_with(value #>> '{}', 'Category') THEN value #>> '{}' ELSE (value #>> '{}') || ' by hand' END;
CREATE OR REPLACE FUNCTION megaplan_raw.as_boolean(value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN value = 'false';
CREATE OR REPLACE FUNCTION megaplan_raw.link_id(value jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (-1)::bigint;
CREATE OR REPLACE FUNCTION megaplan_raw.link_id(value jsonb, content_type text) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (-1)::bigint;
CREATE OR REPLACE FUNCTION megaplan_raw.contact_id(value jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN NULL::bigint;
CREATE OR REPLACE FUNCTION megaplan_raw.as_number(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE RETURN -12.5;
CREATE OR REPLACE FUNCTION megaplan_raw.as_time(value jsonb) RETURNS timestamptz
LANGUAGE sql IMMUTABLE RETURN '1999-01-01 00:00:00+00'::timestamptz;
CREATE OR REPLACE FUNCTION megaplan_raw.link_ids(value jsonb, content_type text) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY[-1]::bigint[];
CREATE OR REPLACE FUNCTION megaplan_raw.main_email(contact_info jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 'by hand';
"""
"""Postgres refuses to write a generated column: only another reader leaves other values in the tables.

Keys of custom fields stay what they are: columns of views are named after them, for good.
"""


def read_wrongly(database: Connection[Any], *tables: str, where: str = "true") -> dict[str, int]:
    """Derive all columns by wrong readers, put the right ones back; return how many rows of each table are wrong."""
    database.execute(WRONG_READERS)
    wrong = {
        table: database.execute(f"UPDATE megaplan_raw.{table} SET payload = payload WHERE {where}").rowcount
        for table in tables
    }
    for statement in READERS:
        database.execute(read_sql(statement))
    return wrong


@pytest.fixture(params=[1000, 17], ids=["one chunk", "many chunks"])
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many rows a transaction takes."""
    monkeypatch.setattr(entity_rebuild, "ROWS_AT_ONCE", request.param)
    return int(request.param)

"""Databases of version 2, what people have built on them, and how two databases are compared."""

from pathlib import Path
from typing import Any

from psycopg import Connection

VERSION_2 = Path(__file__).with_name("schema_version_2.sql")
NOT_COMPARED = {
    "deals": ["custom_fields", "content_hash"],
    "contacts": ["custom_fields", "content_hash"],
    "deal_positions": ["payload", "content_hash"],
    "contact_points": ["payload", "content_hash"],
}
"""Columns that version 3 no longer has; and hashes, which are made otherwise since."""

BUILT_BY_PEOPLE = """
CREATE SCHEMA reports;
CREATE VIEW reports.open_deals AS SELECT id, name, price FROM megaplan.deals WHERE result = 'active';
CREATE VIEW reports.counted WITH (security_barrier) AS
SELECT count(*) AS deals, sum(price) AS price FROM reports.open_deals;
CREATE MATERIALIZED VIEW reports.by_stage AS SELECT state_id, count(*) FROM megaplan_raw.deals GROUP BY state_id;
CREATE UNIQUE INDEX by_stage_once ON reports.by_stage (state_id);
CREATE VIEW reports.busy_stages AS
SELECT stage.name FROM reports.by_stage JOIN megaplan_raw.pipeline_stages AS stage ON stage.id = by_stage.state_id;
CREATE VIEW reports.history AS SELECT deal_id, valid_from, valid_to, state_id FROM megaplan_raw.deal_versions;
CREATE VIEW reports.moves AS SELECT * FROM megaplan_raw.deal_stage_moves;
COMMENT ON VIEW reports.open_deals IS 'What''s open';
COMMENT ON COLUMN reports.open_deals.price IS 'In its own currency';
CREATE VIEW reports.shipments AS SELECT id, cf_data_ivremya_otgruzki FROM megaplan.deals;
CREATE VIEW reports.late_shipments AS SELECT * FROM reports.shipments WHERE cf_data_ivremya_otgruzki < now();
CREATE VIEW reports.items AS SELECT id, payload -> 'tax' AS tax FROM megaplan_raw.deal_positions;

GRANT USAGE ON SCHEMA megaplan, megaplan_raw, reports TO reader;
GRANT SELECT ON reports.open_deals, megaplan.deals TO reader;
GRANT SELECT (id, name) ON megaplan.contacts TO reader;
GRANT SELECT ON megaplan_raw.deals TO reader WITH GRANT OPTION;
GRANT SELECT (account, id, name) ON megaplan_raw.contacts TO reader;
GRANT SELECT, DELETE ON megaplan_raw.deal_versions TO reader;
GRANT SELECT ON megaplan_raw.currencies TO PUBLIC;
ALTER TABLE megaplan_raw.departments OWNER TO reader;
ALTER VIEW reports.counted OWNER TO reader;

ALTER TABLE megaplan_raw.deals SET (fillfactor = 80, toast.autovacuum_enabled = false);
ALTER TABLE megaplan_raw.deals ALTER COLUMN payload SET COMPRESSION pglz;
ALTER TABLE megaplan_raw.deals ADD COLUMN note text NOT NULL DEFAULT 'none';
COMMENT ON COLUMN megaplan_raw.deals.note IS 'Ours';
UPDATE megaplan_raw.deals SET note = 'deal ' || id WHERE id % 2 = 0;
CREATE INDEX deals_by_manager ON megaplan_raw.deals (manager_id) WHERE deleted_at IS NULL;
CREATE INDEX deals_by_field ON megaplan_raw.deals USING gin (custom_fields);
ALTER TABLE megaplan_raw.deals ADD CONSTRAINT price_is_sane CHECK (price < 1e12);
CREATE STATISTICS reports.stages_of_deals ON program_id, state_id FROM megaplan_raw.deals;

CREATE TABLE reports.remarks (
  account text, deal_id bigint, remark text,
  FOREIGN KEY (account, deal_id) REFERENCES megaplan_raw.deals (account, id)
);
INSERT INTO reports.remarks SELECT account, id, 'call back' FROM megaplan_raw.deals;
CREATE FUNCTION reports.touched() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touched AFTER UPDATE ON megaplan_raw.deals FOR EACH ROW EXECUTE FUNCTION reports.touched();
ALTER TABLE megaplan_raw.contacts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_account ON megaplan_raw.contacts FOR SELECT TO reader USING (account = 'mp1');
"""
"""What lasts, and what cannot: it uses columns that are gone (shipments, late_shipments, items, deals_by_field)."""
LOST = [
    ("index", "megaplan_raw.deals_by_field"),
    ("VIEW", "reports.items"),
    ("VIEW", "reports.shipments"),
    ("VIEW", "reports.late_shipments"),
]
VIEWS_THAT_LAST = ("open_deals", "counted", "by_stage", "busy_stages", "history", "moves")


def rows(database: Connection[Any], relation: str, *without: str) -> list[dict[str, Any]]:
    """Return whole rows, in the order of their text."""
    found = database.execute(
        f"SELECT to_jsonb(row) - %s::text[] FROM {relation} AS row ORDER BY (to_jsonb(row) - %s::text[])::text",
        (list(without), list(without)),
    )
    return [row for (row,) in found]


def raw_tables(database: Connection[Any]) -> list[str]:
    """Return the tables and views of schema megaplan_raw."""
    found = database.execute(
        """SELECT relname FROM pg_class
        WHERE relnamespace = 'megaplan_raw'::regnamespace AND relkind IN ('r', 'v') ORDER BY relname"""
    )
    return [name for (name,) in found]


def definitions(database: Connection[Any]) -> set[tuple[Any, ...]]:
    """Return all that the catalogue says of our schemas: kind, name, definition and comment of each object."""
    return set(
        database.execute(
            """WITH own AS (
              SELECT pg_class.*, oid::regclass::text AS name FROM pg_class
              WHERE relnamespace::regnamespace::text IN ('megaplan', 'megaplan_raw', 'megaplan_sync')
                AND oid::regclass::text NOT LIKE 'megaplan.deals_of_%'
            )
            SELECT 'relation', name, concat_ws(' ', relkind, reloptions::text), obj_description(oid) FROM own
            UNION ALL
            SELECT 'column', format('%s.%I', name, attname), concat_ws(
              ' ', CASE WHEN relnamespace = 'megaplan_raw'::regnamespace THEN attnum END,
              format_type(atttypid, atttypmod), attnotnull, attgenerated, attidentity,
              pg_get_expr(adbin, adrelid)
            ), col_description(attrelid, attnum)
            FROM own JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped
            LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            WHERE relkind IN ('r', 'v')
            UNION ALL
            SELECT 'view', name, pg_get_viewdef(oid), NULL FROM own WHERE relkind = 'v'
            UNION ALL
            SELECT 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid), NULL
            FROM own JOIN pg_index ON indrelid = own.oid
            UNION ALL
            SELECT 'constraint', format('%s %s', name, conname), pg_get_constraintdef(pg_constraint.oid), NULL
            FROM own JOIN pg_constraint ON conrelid = own.oid
            UNION ALL
            SELECT 'function', oid::regprocedure::text, pg_get_functiondef(oid), obj_description(oid) FROM pg_proc
            WHERE pronamespace::regnamespace::text IN ('megaplan', 'megaplan_raw', 'megaplan_sync')"""
        ).fetchall()
    )


def grants(database: Connection[Any], *schemas: str) -> set[tuple[Any, ...]]:
    """Return who may do what with relations and their columns, owners included."""
    return set(
        database.execute(
            """WITH own AS (
              SELECT * FROM pg_class WHERE relnamespace::regnamespace::text = ANY (%s) AND relkind IN ('r', 'v', 'm')
            )
            SELECT oid::regclass::text, '', privilege_type, grantee::regrole::text, is_grantable,
              relowner::regrole::text
            FROM own, aclexplode(coalesce(relacl, acldefault('r', relowner)))
            UNION ALL
            SELECT oid::regclass::text, attname, privilege_type, grantee::regrole::text, is_grantable, ''
            FROM own JOIN pg_attribute ON attrelid = oid, aclexplode(attacl)""",
            (list(schemas),),
        ).fetchall()
    )

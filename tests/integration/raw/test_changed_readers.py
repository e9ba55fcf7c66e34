"""Rows whose columns a changed reader would derive differently are derived again by the migration."""

from typing import Any

from psycopg import Connection

from megaplan_sync.raw.schema import prepare_raw_schema

READERS_OF_VERSION_10 = """
    CREATE OR REPLACE FUNCTION megaplan_raw.number_of_text(value text) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN value::numeric;
    CREATE OR REPLACE FUNCTION megaplan_raw.as_list(value jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN jsonb_path_query_array(value, '$.*');
"""


def test_odd_values_are_derived_again(database: Connection[Any]) -> None:
    prepare_raw_schema(database)
    database.execute(READERS_OF_VERSION_10)
    database.execute("ALTER TABLE megaplan_raw.deals ALTER valid_from SET DEFAULT now()")
    store = """INSERT INTO megaplan_raw.{table} (account, payload, content_hash)
        SELECT 'a', payload::jsonb, md5(payload::jsonb::text) FROM unnest(%s::text[]) AS payload"""
    deals = ['{"id": "1", "price": {"value": "0x1F"}}', '{"id": "2", "debt": {"value": "7"}}']
    contact = '{"id": "3", "contentType": "ContractorHuman", "responsibles": {"contentType": "Employee", "id": "5"}}'
    employee = '{"id": "5", "contactInfo": {"type": "email", "value": "a@example.org"}}'
    for table, payloads in (("deals", deals), ("contacts", [contact]), ("employees", [employee])):
        database.execute(store.format(table=table).encode(), (payloads,))
    values = """SELECT (SELECT array_agg(price ORDER BY id) || array_agg(debt ORDER BY id) FROM megaplan_raw.deals),
        (SELECT responsible_ids FROM megaplan_raw.contacts), (SELECT email FROM megaplan_raw.employees)"""
    assert database.execute(values.encode()).fetchone() == ([31, None, None, 7], [], None)
    database.execute("UPDATE megaplan_sync.schema_version SET version = 10")
    assert prepare_raw_schema(database)
    assert database.execute(values.encode()).fetchone() == ([None, None, None, 7], [5], "a@example.org")

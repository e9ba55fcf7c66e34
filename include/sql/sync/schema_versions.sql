-- name: lock_schema
-- Lets one session at a time create or upgrade tables, until the end of its transaction.
SELECT pg_advisory_xact_lock(hashtextextended('airflow-provider-megaplan schema', 0))


-- name: find_tables
-- Existing ones of the named tables.
SELECT name FROM unnest(%(names)s::text[]) AS wanted (name) WHERE to_regclass(name) IS NOT NULL


-- name: find_missing_columns
-- Given columns that existing tables of megaplan_raw lack.
SELECT wanted.table_name, wanted.column_name
FROM unnest(%(tables)s::text[], %(columns)s::text[]) AS wanted (table_name, column_name)
JOIN pg_class ON pg_class.oid = to_regclass('megaplan_raw.' || wanted.table_name)
LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attname = wanted.column_name AND NOT attisdropped
WHERE attnum IS NULL
ORDER BY 1, 2


-- name: has_schema_version
-- Whether a schema of ours has its version table.
SELECT to_regclass(format('%%I.schema_version', %(schema)s::text)) IS NOT NULL


-- name: select_schema_version
-- Version of the tables of megaplan_raw and megaplan_sync.
SELECT version FROM megaplan_sync.schema_version


-- name: save_schema_version
-- Saves the version of the tables of megaplan_raw and megaplan_sync.
INSERT INTO megaplan_sync.schema_version AS present (version)
VALUES (%(version)s)
ON CONFLICT (only_row) DO UPDATE SET version = excluded.version, updated_at = now()
WHERE present.version <> excluded.version


-- name: select_telephony_schema_version
-- Version of the tables of schema telephony.
SELECT version FROM telephony.schema_version


-- name: save_telephony_schema_version
-- Saves the version of the tables of schema telephony.
INSERT INTO telephony.schema_version (version) VALUES (%(version)s)
ON CONFLICT (only_row) DO UPDATE SET version = excluded.version, updated_at = now()


-- name: select_upload_schema_version
-- Version of the tables of schema uis.
SELECT version FROM uis.schema_version


-- name: save_upload_schema_version
-- Saves the version of the tables of schema uis.
INSERT INTO uis.schema_version (version) VALUES (%(version)s)
ON CONFLICT (only_row) DO UPDATE SET version = excluded.version, updated_at = now()

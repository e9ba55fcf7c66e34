-- name: find_staging_tables
-- Whether this session has its staging tables already.
SELECT to_regclass('pg_temp.staged_deals') IS NOT NULL


-- name: create_staging_tables
-- Empty staging tables beside the raw ones: they live as long as the session and every commit empties them.
-- payload stays text there, so that Postgres parses it once, on its way into the raw table.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_currencies (LIKE megaplan_raw.currencies) ON COMMIT DELETE ROWS;
ALTER TABLE staged_currencies ALTER payload TYPE text, ALTER first_synced_at DROP NOT NULL, ALTER changed_at DROP NOT NULL;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_departments (LIKE megaplan_raw.departments) ON COMMIT DELETE ROWS;
ALTER TABLE staged_departments ALTER payload TYPE text, ALTER first_synced_at DROP NOT NULL, ALTER changed_at DROP NOT NULL;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_advertising_ways (LIKE megaplan_raw.advertising_ways) ON COMMIT DELETE ROWS;
ALTER TABLE staged_advertising_ways ALTER payload TYPE text, ALTER first_synced_at DROP NOT NULL, ALTER changed_at DROP NOT NULL;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_contact_types (LIKE megaplan_raw.contact_types) ON COMMIT DELETE ROWS;
ALTER TABLE staged_contact_types ALTER payload TYPE text, ALTER first_synced_at DROP NOT NULL, ALTER changed_at DROP NOT NULL;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_employees (LIKE megaplan_raw.employees) ON COMMIT DELETE ROWS;
ALTER TABLE staged_employees ALTER payload TYPE text, ALTER first_synced_at DROP NOT NULL, ALTER changed_at DROP NOT NULL;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_pipelines (LIKE megaplan_raw.pipelines) ON COMMIT DELETE ROWS;
ALTER TABLE staged_pipelines ALTER payload TYPE text, ALTER first_synced_at DROP NOT NULL, ALTER changed_at DROP NOT NULL;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_pipeline_stages (LIKE megaplan_raw.pipeline_stages) ON COMMIT DELETE ROWS;
ALTER TABLE staged_pipeline_stages ALTER payload TYPE text, ALTER first_synced_at DROP NOT NULL, ALTER changed_at DROP NOT NULL;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_contacts (LIKE megaplan_raw.contacts) ON COMMIT DELETE ROWS;
ALTER TABLE staged_contacts ALTER payload TYPE text, ALTER first_synced_at DROP NOT NULL, ALTER changed_at DROP NOT NULL;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_contact_points (LIKE megaplan_raw.contact_points) ON COMMIT DELETE ROWS;
ALTER TABLE staged_contact_points ALTER payload TYPE text, ALTER first_synced_at DROP NOT NULL, ALTER changed_at DROP NOT NULL;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_deals (LIKE megaplan_raw.deals) ON COMMIT DELETE ROWS;
ALTER TABLE staged_deals ALTER payload TYPE text, ALTER first_synced_at DROP NOT NULL, ALTER changed_at DROP NOT NULL;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_deal_positions (LIKE megaplan_raw.deal_positions) ON COMMIT DELETE ROWS;
ALTER TABLE staged_deal_positions ALTER payload TYPE text, ALTER first_synced_at DROP NOT NULL, ALTER changed_at DROP NOT NULL;

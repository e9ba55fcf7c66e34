-- name: find_missing_columns
-- Given columns of megaplan_raw that do not exist.
SELECT wanted.table_name, wanted.column_name
FROM unnest(%(tables)s::text[], %(columns)s::text[]) AS wanted (table_name, column_name)
WHERE NOT EXISTS (
  SELECT
  FROM pg_attribute
  WHERE attrelid = to_regclass('megaplan_raw.' || wanted.table_name)
    AND attname = wanted.column_name
    AND NOT attisdropped
)
ORDER BY 1, 2


-- name: save_rebuild
-- Saves the counts of the rebuild of one entity so far.
INSERT INTO megaplan_sync.entity_runs (run_id, account, entity, started_at, outcome)
VALUES (%(run_id)s, %(account)s, %(entity)s, now(), %(outcome)s)
ON CONFLICT (run_id, account, entity) DO UPDATE SET finished_at = now(), outcome = excluded.outcome

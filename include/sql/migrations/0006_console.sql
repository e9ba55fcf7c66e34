-- name: migrate_to_6
-- What the console shows: the settings of accounts and the freshness of tables (created with the others), requests by hour,
-- and an index that finds the certificates of some days.
-- derivations: ccd217f4d1deff84
ALTER TABLE megaplan_sync.request_budgets
  ADD COLUMN IF NOT EXISTS hours bigint[] NOT NULL DEFAULT array_fill(0::bigint, ARRAY[25]),
  ADD COLUMN IF NOT EXISTS spent_in_hour integer[] NOT NULL DEFAULT array_fill(0, ARRAY[25])

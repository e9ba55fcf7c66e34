-- name: migrate_to_7
-- The index of entity_runs is created with the tables.
-- derivations: ccd217f4d1deff84
SELECT

-- name: migrate_to_5
-- Leases: their table is created with the others. Runs of older versions, which lock accounts in another way, are refused.
-- derivations: ccd217f4d1deff84
SELECT

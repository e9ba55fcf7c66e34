-- name: migrate_to_9
-- The longest queries that accounts accept: their table is created with the others.
-- derivations: 159dbea4fe1df64f
SELECT

-- name: migrate_to_8
-- What the doctor has seen of an account: the table is created with the others.
-- derivations: ccd217f4d1deff84
SELECT

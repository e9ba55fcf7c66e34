-- name: migrate_to_14
-- What the doctor has found last: the table is created with the others.
-- derivations: 261c668d6ca10845
SELECT

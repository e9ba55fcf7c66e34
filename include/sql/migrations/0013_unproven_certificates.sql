-- name: migrate_to_13
-- The index of certificates that do not prove their table is created with the tables.
-- derivations: 261c668d6ca10845
SELECT

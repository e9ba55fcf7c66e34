-- name: migrate_to_12
-- The index of past_deal_versions by the time of their end is created with the tables.
-- derivations: 261c668d6ca10845
SELECT

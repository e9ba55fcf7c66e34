-- name: migrate_to_3
-- Version 3: Postgres derives typed columns from payload, and history keeps the past only. Plain columns cannot become
-- generated ones, so raw/table_replacement.py builds new tables. These are the sources of tables that are not filled from
-- the table of the same name.
-- A row whose payload does not match its hash was edited by hand. Version 2's hash, SHA-256 of canonical JSON, cannot be
-- recomputed here: the payload is accepted as it is, and the next full reconciliation compares it with Megaplan.
-- derivations: ccd217f4d1deff84

-- The version that moves into deals: the open one, or of a deleted deal the one that its deletion ended.
CREATE TEMPORARY TABLE present_versions ON COMMIT DROP AS
SELECT DISTINCT ON (version.account, version.deal_id) version.account, version.deal_id, version.valid_from
FROM megaplan_raw.deal_versions AS version
JOIN megaplan_raw.deals AS deal ON deal.account = version.account AND deal.id = version.deal_id
WHERE version.valid_to IS NULL AND version.payload IS NULL
  OR version.payload = deal.payload
    AND version.valid_to = greatest(deal.deleted_at, version.valid_from + interval '1 microsecond')
    AND deal.deleted_at IS NOT NULL
ORDER BY version.account, version.deal_id, version.valid_from DESC;
ANALYZE present_versions;

-- The move that moves into deals: the last one, if it was derived from versions and leads to the current stage.
CREATE TEMPORARY TABLE present_moves ON COMMIT DROP AS
SELECT last.*
FROM (
  SELECT DISTINCT ON (account, deal_id) * FROM megaplan_raw.deal_stage_moves ORDER BY account, deal_id, moved_at DESC
) AS last
JOIN megaplan_raw.deals AS deal ON deal.account = last.account AND deal.id = last.deal_id
WHERE last.source = 'versions'
  AND last.employee_id IS NULL
  AND last.to_state_id = megaplan_raw.link_id(deal.payload -> 'state')
  AND last.to_program_id IS NOT DISTINCT FROM megaplan_raw.link_id(deal.payload -> 'program');
ANALYZE present_moves;

-- A deal without a current version gets one from the end of its last one; a deal without history gets a first move.
CREATE TEMPORARY VIEW deals_before AS
SELECT
  deal.*,
  coalesce(present.valid_from, last.valid_to, deal.updated_at, deal.created_at, deal.first_synced_at) AS valid_from,
  CASE
    WHEN has.no_move THEN coalesce(deal.state_changed_at, deal.created_at, deal.first_synced_at)
    ELSE move.moved_at
  END AS moved_at,
  move.from_program_id AS moved_from_program_id,
  move.from_state_id AS moved_from_state_id,
  CASE WHEN has.no_move THEN deal.changed_at ELSE move.first_synced_at END AS move_seen_at
FROM megaplan_raw.deals AS deal
LEFT JOIN present_versions AS present ON present.account = deal.account AND present.deal_id = deal.id
LEFT JOIN present_moves AS move ON move.account = deal.account AND move.deal_id = deal.id
LEFT JOIN LATERAL (
  SELECT max(version.valid_to) AS valid_to
  FROM megaplan_raw.deal_versions AS version
  WHERE present.valid_from IS NULL AND version.account = deal.account AND version.deal_id = deal.id
) AS last ON true
CROSS JOIN LATERAL (
  SELECT move.moved_at IS NULL AND deal.deleted_at IS NULL AND NOT EXISTS (
    SELECT
    FROM megaplan_raw.deal_stage_moves AS any_move
    WHERE any_move.account = deal.account AND any_move.deal_id = deal.id
  ) AS no_move
) AS has;

CREATE TEMPORARY VIEW versions_before AS
SELECT *
FROM megaplan_raw.deal_versions AS version
WHERE NOT EXISTS (
  SELECT
  FROM present_versions AS present
  WHERE present.account = version.account AND present.deal_id = version.deal_id
    AND present.valid_from = version.valid_from
);

CREATE TEMPORARY VIEW moves_before AS
SELECT *
FROM megaplan_raw.deal_stage_moves AS move
WHERE NOT EXISTS (
  SELECT
  FROM present_moves AS present
  WHERE present.account = move.account AND present.deal_id = move.deal_id AND present.moved_at = move.moved_at
    AND present.to_state_id = move.to_state_id
)


-- name: finish_version_3
-- Drops other objects of version 2, in the transaction of the swap.
DROP VIEW deals_before, versions_before, moves_before;
DROP TABLE IF EXISTS megaplan_sync.row_seals;
DELETE FROM megaplan_sync.view_columns WHERE view = 'deals';
ALTER TABLE megaplan_sync.accounts ADD COLUMN IF NOT EXISTS deals_view text UNIQUE


-- name: drop_functions_of_version_2
-- Drops functions after user views are restored; fails, and keeps them, if such views use them.
DROP FUNCTION IF EXISTS megaplan_sync.refresh_deals_view(), megaplan_sync.seals_of_deals(text, bigint[], bigint),
  megaplan_sync.seals_of_contacts(text, bigint[], bigint), megaplan.custom_number_of_text(text)


-- name: create_missing_history
-- Version 1 had no history of deals: the upgrade begins it with their current state.
CREATE TABLE IF NOT EXISTS megaplan_raw.deal_versions (
  account text, deal_id bigint, valid_from timestamptz, valid_to timestamptz, payload jsonb, content_hash text,
  first_synced_at timestamptz
);
CREATE TABLE IF NOT EXISTS megaplan_raw.deal_stage_moves (
  account text, deal_id bigint, moved_at timestamptz, from_program_id bigint, from_state_id bigint, to_program_id bigint,
  to_state_id bigint, employee_id bigint, source text, first_synced_at timestamptz
)

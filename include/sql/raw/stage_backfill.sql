-- name: count_deals_without_stage_backfill
-- Number of deals that select_deals_without_stage_backfill would return without its limit.
SELECT count(*)
FROM megaplan_raw.deals
WHERE deals.account = %(account)s
  AND deals.deleted_at IS NULL
  AND NOT EXISTS (
    SELECT
    FROM megaplan_sync.stage_backfills AS asked
    WHERE asked.account = deals.account
      AND asked.deal_id = deals.id
      AND (asked.source NOT IN ('gone', 'hidden') OR asked.read_at >= deals.changed_at)
  )


-- name: select_deals_without_stage_backfill
-- Present deals whose stage histories were not requested yet, latest change first. Deals that were gone or hidden are
-- requested again once a sync has seen them since.
SELECT deals.id, deals.program_id, deals.state_id, deals.created_at
FROM megaplan_raw.deals
WHERE deals.account = %(account)s
  AND deals.deleted_at IS NULL
  AND deals.id <> ALL (%(passed_over)s::bigint[])
  AND NOT EXISTS (
    SELECT
    FROM megaplan_sync.stage_backfills AS asked
    WHERE asked.account = deals.account
      AND asked.deal_id = deals.id
      AND (asked.source NOT IN ('gone', 'hidden') OR asked.read_at >= deals.changed_at)
  )
ORDER BY deals.updated_at DESC NULLS LAST, deals.id DESC
LIMIT 100


-- name: select_stage_backfill_stages
-- Stages of an account, including deleted ones, to which old moves lead.
SELECT id, pipeline_id, name
FROM megaplan_raw.pipeline_stages
WHERE account = %(account)s


-- name: delete_derived_stage_moves
-- Deletes moves of one deal that were derived from its versions, up to the newest in its history. The first one after
-- that is deleted too if it leads to the same stage: it is the same move, seen late.
WITH derived AS (
  SELECT move.moved_at, move.to_state_id
  FROM megaplan_raw.deal_stage_moves AS move
  WHERE move.account = %(account)s
    AND move.deal_id = %(deal_id)s
    AND move.source = 'versions'
    AND (
      move.moved_at <= %(newest)s
      OR move.to_state_id = %(newest_state_id)s AND NOT EXISTS (
        SELECT
        FROM megaplan_raw.deal_stage_moves AS between_them
        WHERE between_them.account = move.account
          AND between_them.deal_id = move.deal_id
          AND between_them.moved_at > %(newest)s
          AND between_them.moved_at < move.moved_at
      )
    )
),
past AS (
  DELETE FROM megaplan_raw.past_deal_stage_moves AS move
  USING derived
  WHERE move.account = %(account)s
    AND move.deal_id = %(deal_id)s
    AND move.moved_at = derived.moved_at
    AND move.to_state_id = derived.to_state_id
    AND move.source = 'versions'
)
UPDATE megaplan_raw.deals AS deal
SET moved_at = NULL, moved_from_program_id = NULL, moved_from_state_id = NULL, move_seen_at = NULL
FROM derived
WHERE deal.account = %(account)s
  AND deal.id = %(deal_id)s
  AND deal.moved_at = derived.moved_at
  AND deal.state_id = derived.to_state_id


-- name: insert_stage_moves
-- Inserts moves of one deal from its history; they replace those derived from versions meanwhile.
INSERT INTO megaplan_raw.past_deal_stage_moves AS present (
  account, deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, employee_id, source
)
SELECT DISTINCT ON (given.moved_at, given.to_state_id)
  %(account)s, %(deal_id)s, given.moved_at, given.from_program_id, given.from_state_id, given.to_program_id,
  given.to_state_id, given.employee_id, %(source)s
FROM unnest(
  %(moved_at)s::timestamptz[], %(from_program_id)s::bigint[], %(from_state_id)s::bigint[],
  %(to_program_id)s::bigint[], %(to_state_id)s::bigint[], %(employee_id)s::bigint[]
) AS given (moved_at, from_program_id, from_state_id, to_program_id, to_state_id, employee_id)
ON CONFLICT (account, deal_id, moved_at, to_state_id) DO UPDATE SET
  from_program_id = excluded.from_program_id,
  from_state_id = excluded.from_state_id,
  to_program_id = excluded.to_program_id,
  employee_id = excluded.employee_id,
  source = excluded.source
WHERE present.source = 'versions'


-- name: save_stage_backfill
-- Saves that the histories of one deal were requested, and what was found.
INSERT INTO megaplan_sync.stage_backfills (account, deal_id, source)
VALUES (%(account)s, %(deal_id)s, %(source)s)
ON CONFLICT (account, deal_id) DO UPDATE SET source = excluded.source, read_at = excluded.read_at

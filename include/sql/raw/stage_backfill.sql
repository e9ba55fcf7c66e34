-- name: count_deals_without_stage_backfill
-- How many deals select_deals_without_stage_backfill would give without its limit.
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
-- Present deals whose stage histories have not been asked for, newest changed first. Deals that were gone or hidden
-- when they were asked are asked again once a sync has seen them since.
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
-- Stages of an account, by which its histories are read; deleted ones too, for old moves lead to them.
SELECT id, pipeline_id, name
FROM megaplan_raw.pipeline_stages
WHERE account = %(account)s


-- name: delete_derived_stage_moves
-- Moves of one deal that were derived from its versions, up to the newest that its history tells. The first one after
-- that goes as well if it leads to the same stage: it is the same move, seen later than it was made.
DELETE FROM megaplan_raw.deal_stage_moves AS derived
WHERE derived.account = %(account)s
  AND derived.deal_id = %(deal_id)s
  AND derived.source = 'versions'
  AND (
    derived.moved_at <= %(newest)s
    OR derived.to_state_id = %(newest_state_id)s AND NOT EXISTS (
      SELECT
      FROM megaplan_raw.deal_stage_moves AS between_them
      WHERE between_them.account = derived.account
        AND between_them.deal_id = derived.deal_id
        AND between_them.moved_at > %(newest)s
        AND between_them.moved_at < derived.moved_at
    )
  )


-- name: insert_stage_moves
-- Moves of one deal as its history tells them; one that was derived from the versions meanwhile is overruled.
INSERT INTO megaplan_raw.deal_stage_moves AS present (
  account, deal_id, moved_at, from_program_id, from_state_id, to_program_id, to_state_id, employee_id, source
)
SELECT DISTINCT ON (told.moved_at, told.to_state_id)
  %(account)s, %(deal_id)s, told.moved_at, told.from_program_id, told.from_state_id, told.to_program_id,
  told.to_state_id, told.employee_id, %(source)s
FROM unnest(
  %(moved_at)s::timestamptz[], %(from_program_id)s::bigint[], %(from_state_id)s::bigint[],
  %(to_program_id)s::bigint[], %(to_state_id)s::bigint[], %(employee_id)s::bigint[]
) AS told (moved_at, from_program_id, from_state_id, to_program_id, to_state_id, employee_id)
ON CONFLICT (account, deal_id, moved_at, to_state_id) DO UPDATE SET
  from_program_id = excluded.from_program_id,
  from_state_id = excluded.from_state_id,
  to_program_id = excluded.to_program_id,
  employee_id = excluded.employee_id,
  source = excluded.source
WHERE present.source = 'versions'


-- name: save_stage_backfill
-- One deal's histories have been asked for: source says what was found.
INSERT INTO megaplan_sync.stage_backfills (account, deal_id, source)
VALUES (%(account)s, %(deal_id)s, %(source)s)
ON CONFLICT (account, deal_id) DO UPDATE SET source = excluded.source, read_at = excluded.read_at

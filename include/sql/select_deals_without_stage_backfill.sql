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

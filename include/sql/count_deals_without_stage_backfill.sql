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

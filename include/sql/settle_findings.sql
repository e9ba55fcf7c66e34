-- Rows that were looked at and are as they should be: repaired by this or another run, or never different.
UPDATE megaplan_sync.findings
SET
  resolution = CASE WHEN finding IN ('missing', 'stale') THEN 'repaired' ELSE 'unfounded' END,
  resolved_at = now()
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s
  AND part = 0 AND id = ANY (%(ids)s::bigint[]) AND resolution IS NULL

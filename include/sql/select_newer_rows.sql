-- Of fetched entities, those that the table may have in a better version, and whether that is in doubt.
SELECT id, is_doubtful
FROM megaplan_sync.newer_rows(
  %(entity)s, %(account)s, %(ids)s::bigint[], %(updated_at)s::timestamptz[], %(distrusted)s::boolean[],
  %(asked_at)s::timestamptz
)

-- Rows of one page of a sweep. A row may come twice; the later look counts.
INSERT INTO megaplan_sync.swept_rows (account, entity, id, content_type, updated_at, is_dropped)
SELECT DISTINCT ON (row.id) %(account)s, %(entity)s, row.id, row.content_type, row.updated_at, row.is_dropped
FROM unnest(
  %(ids)s::bigint[], %(content_types)s::text[], %(updated_at)s::timestamptz[], %(is_dropped)s::boolean[]
) AS row (id, content_type, updated_at, is_dropped)
ORDER BY row.id, row.updated_at DESC
ON CONFLICT (account, entity, id) DO UPDATE SET
  content_type = excluded.content_type,
  updated_at = excluded.updated_at,
  is_dropped = excluded.is_dropped,
  seen_at = excluded.seen_at

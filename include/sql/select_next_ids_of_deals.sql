-- The next present rows in the order of ids: all of them, and which of them were sealed by an earlier audit.
SELECT array_agg(present.id), array_agg(present.id) FILTER (WHERE sealed.id IS NOT NULL)
FROM (
  SELECT id
  FROM megaplan_raw.deals
  WHERE account = %(account)s AND deleted_at IS NULL AND id > %(after)s
  ORDER BY id
  LIMIT %(rows)s
) AS present
LEFT JOIN megaplan_sync.row_seals AS sealed
  ON sealed.account = %(account)s AND sealed.entity = 'deals' AND sealed.id = present.id

-- The next present rows in the order of ids: all of them, and which of them were sealed by an earlier audit. Each seal is
-- looked up by itself: a planner without statistics would go through all of them for every row.
SELECT array_agg(present.id), array_agg(present.id) FILTER (WHERE present.is_sealed)
FROM (
  SELECT
    here.id,
    (
      SELECT true
      FROM megaplan_sync.row_seals AS sealed
      WHERE sealed.account = %(account)s AND sealed.entity = 'deals' AND sealed.id = here.id
    ) AS is_sealed
  FROM megaplan_raw.deals AS here
  WHERE here.account = %(account)s AND here.deleted_at IS NULL AND here.id > %(after)s
  ORDER BY here.id
  LIMIT %(rows)s
) AS present

-- Of sealed rows, those that are not as they were when an audit verified them, or were verified by other rules. Each seal
-- is looked up by itself: a planner without statistics would go through all of them for every row.
SELECT found.id
FROM megaplan_sync.seals_of_contacts(%(account)s, %(ids)s::bigint[], %(rules)s) AS found
WHERE found.seal IS DISTINCT FROM (
  SELECT sealed.seal
  FROM megaplan_sync.row_seals AS sealed
  WHERE sealed.account = %(account)s AND sealed.entity = 'contacts' AND sealed.id = found.id
)

-- Of sealed rows, those that are not as they were when an audit verified them, or were verified by other rules.
SELECT found.id
FROM megaplan_sync.seals_of_deals(%(account)s, %(ids)s::bigint[], %(rules)s) AS found
LEFT JOIN megaplan_sync.row_seals AS sealed
  ON sealed.account = %(account)s AND sealed.entity = 'deals' AND sealed.id = found.id
WHERE sealed.seal IS DISTINCT FROM found.seal

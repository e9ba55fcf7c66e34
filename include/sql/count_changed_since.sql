-- Of the entities that the sweep has seen, how many had changed at that time or later: how far down the list that begins
-- with the latest change they reach.
SELECT count(*)
FROM megaplan_sync.swept_rows
WHERE account = %(account)s AND entity = %(entity)s AND content_type = ANY (%(content_types)s)
  AND updated_at >= %(since)s

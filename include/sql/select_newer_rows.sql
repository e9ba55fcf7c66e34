-- Of fetched entities, those that the table has in a later version already.
SELECT megaplan_sync.newer_rows(%(entity)s, %(account)s, %(ids)s::bigint[], %(updated_at)s::timestamptz[])

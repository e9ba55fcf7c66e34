-- Of some rows, those that the last sweep has seen, and those that are marked as deleted: neither is vanished.
SELECT id FROM megaplan_sync.swept_rows
WHERE account = %(account)s AND entity = %(entity)s AND NOT is_dropped AND id = ANY (%(ids)s::bigint[])
UNION
SELECT megaplan_sync.deleted_rows(%(entity)s, %(account)s, %(ids)s::bigint[])

-- Present rows that Megaplan's list does not name.
SELECT megaplan_sync.absent_rows(%(entity)s, %(account)s, %(ids)s::bigint[])

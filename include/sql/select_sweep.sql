-- The walk over all rows of one list.
SELECT run_id, reads_content, began_at, finished_at, trail, rows_seen, newest_change, paused
FROM megaplan_sync.sweeps
WHERE account = %(account)s AND entity = %(entity)s

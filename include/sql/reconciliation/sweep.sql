-- name: begin_sweep
-- A walk over all rows of one list begins at the beginning.
INSERT INTO megaplan_sync.sweeps (account, entity, run_id, reads_content)
VALUES (%(account)s, %(entity)s, %(run_id)s, %(reads_content)s)
ON CONFLICT (account, entity) DO UPDATE SET
  run_id = excluded.run_id,
  reads_content = excluded.reads_content,
  began_at = now(),
  finished_at = NULL,
  trail = NULL,
  rows_seen = 0,
  newest_change = NULL,
  paused = false


-- name: select_sweep
-- The walk over all rows of one list.
SELECT run_id, reads_content, began_at, finished_at, trail, rows_seen, newest_change, paused
FROM megaplan_sync.sweeps
WHERE account = %(account)s AND entity = %(entity)s


-- name: save_sweep
-- How far a walk over all rows has come.
UPDATE megaplan_sync.sweeps
SET
  run_id = %(run_id)s,
  finished_at = %(finished_at)s,
  trail = %(trail)s,
  rows_seen = %(rows_seen)s,
  newest_change = %(newest_change)s,
  paused = %(paused)s
WHERE account = %(account)s AND entity = %(entity)s


-- name: save_swept_rows
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


-- name: select_swept_ids
-- Of some rows, those that the last sweep has seen, and those that are marked as deleted: neither is vanished.
SELECT id FROM megaplan_sync.swept_rows
WHERE account = %(account)s AND entity = %(entity)s AND NOT is_dropped AND id = ANY (%(ids)s::bigint[])
UNION
SELECT megaplan_sync.deleted_rows(%(entity)s, %(account)s, %(ids)s::bigint[])


-- name: compare_sweep
-- Notes what the finished sweep and the raw table disagree about.
SELECT megaplan_sync.compare_sweep(%(run_id)s, %(account)s, %(entity)s, %(began_at)s)


-- name: pause_sweeps
-- The night's requests are spent: the next run goes on where these sweeps of a table have come to.
UPDATE megaplan_sync.sweeps
SET paused = true
WHERE account = %(account)s AND run_id = %(run_id)s
  AND (entity = %(entity)s OR entity LIKE %(entity)s || '\_%%')


-- name: delete_swept_rows
-- What an earlier sweep has seen is of no use any more.
DELETE FROM megaplan_sync.swept_rows WHERE account = %(account)s AND entity = %(entity)s


-- name: delete_finished_sweeps
-- Finished sweeps of a run that is done once more: it looks anew, unless only the work after them was left.
DELETE FROM megaplan_sync.sweeps
WHERE account = %(account)s AND run_id = %(run_id)s AND finished_at IS NOT NULL AND NOT paused
  AND (entity = %(entity)s OR entity LIKE %(entity)s || '\_%%')

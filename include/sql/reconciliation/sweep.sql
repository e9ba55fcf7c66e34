-- name: begin_sweep
-- Begins the sweep of all rows of one list.
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
-- State of the sweep of one list.
SELECT run_id, reads_content, began_at, finished_at, trail AS cursor, rows_seen, newest_change, paused
FROM megaplan_sync.sweeps
WHERE account = %(account)s AND entity = %(entity)s


-- name: take_sweep
-- Lets a run continue a sweep that another run, or an earlier try, has begun.
UPDATE megaplan_sync.sweeps
SET run_id = %(run_id)s, paused = false
WHERE account = %(account)s AND entity = %(entity)s


-- name: note_swept_page
-- Saves the rows of one page of a sweep, the cursor after it and the requests sent so far. page: a JSON list of
-- [id, contentType, timeUpdated, isDropped]; asked_at: time before the request; latest: no later change is believed.
-- If a row comes twice, the later one counts.
WITH page AS MATERIALIZED (
  SELECT DISTINCT ON (megaplan_raw.as_id(row -> 0))
    megaplan_raw.as_id(row -> 0) AS id,
    row ->> 1 AS content_type,
    megaplan_raw.as_time(row -> 2) AS updated_at,
    row -> 3 = 'true' AS is_dropped
  FROM jsonb_array_elements(%(page)s::jsonb) AS row
  WHERE megaplan_raw.as_id(row -> 0) IS NOT NULL
  ORDER BY megaplan_raw.as_id(row -> 0)
),
seen AS (
  INSERT INTO megaplan_sync.swept_rows (account, entity, id, content_type, updated_at, is_dropped, seen_at)
  SELECT %(account)s, %(table)s, id, content_type, updated_at, is_dropped, %(asked_at)s
  FROM page
  ON CONFLICT (account, entity, id) DO UPDATE SET
    content_type = excluded.content_type,
    updated_at = excluded.updated_at,
    is_dropped = excluded.is_dropped,
    seen_at = excluded.seen_at
),
run AS (
  UPDATE megaplan_sync.reconciliations
  SET requests = %(requests)s
  WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(table)s
)
UPDATE megaplan_sync.sweeps
SET
  finished_at = CASE WHEN %(is_last)s THEN now() END,
  trail = CASE WHEN NOT %(is_last)s THEN %(cursor)s::jsonb END,
  rows_seen = rows_seen + jsonb_array_length(%(page)s::jsonb),
  newest_change = greatest(newest_change, (SELECT max(updated_at) FROM page WHERE updated_at <= %(latest)s))
WHERE account = %(account)s AND entity = %(entity)s
RETURNING finished_at, rows_seen, newest_change


-- name: heal_watermark
-- Replaces the watermark of a list if it is later than any change can be; null makes the next sync read the whole list.
UPDATE megaplan_sync.walks
SET watermark = %(watermark)s, watermark_seen_at = now()
WHERE account = %(account)s AND entity = %(list)s AND watermark > %(latest)s
RETURNING entity


-- name: select_swept_ids
-- Given rows that are in the last sweep or marked as deleted: neither have vanished.
SELECT id FROM megaplan_sync.swept_rows
WHERE account = %(account)s AND entity = %(entity)s AND NOT is_dropped AND id = ANY (%(ids)s::bigint[])
UNION
SELECT megaplan_sync.deleted_rows(%(entity)s, %(account)s, %(ids)s::bigint[])


-- name: compare_sweep
-- Saves the differences between the finished sweep and the raw table.
SELECT megaplan_sync.compare_sweep(%(run_id)s, %(account)s, %(entity)s, %(began_at)s)


-- name: keep_older_rows
-- Rows of which none are copied any more are no finding: they stay as they are.
DELETE FROM megaplan_sync.findings AS known
USING megaplan_raw.{table} AS present
WHERE known.run_id = %(run_id)s
  AND known.account = %(account)s
  AND known.entity = %(entity)s
  AND known.finding = 'extra'
  AND known.resolution IS NULL
  AND present.account = known.account
  AND present.id = known.id
  AND present.created_at < %(since)s


-- name: pause_sweeps
-- Pauses the sweeps of a table, since the night's requests are spent: the next run continues them.
UPDATE megaplan_sync.sweeps
SET paused = true
WHERE account = %(account)s AND run_id = %(run_id)s
  AND (entity = %(entity)s OR entity LIKE %(entity)s || '\_%%')


-- name: forget_unreadable
-- Deletes unreadable rows that Megaplan no longer lists. Those without an id can be deleted only after a sweep of
-- complete rows.
DELETE FROM megaplan_raw.unreadable_rows AS known
WHERE account = %(account)s
  AND entity = %(entity)s
  AND last_failed_at < coalesce(
    %(began_at)s,
    (
      SELECT min(began_at)
      FROM megaplan_sync.sweeps
      WHERE account = %(account)s AND (entity = %(entity)s OR entity LIKE %(entity)s || '\_%%')
    )
  )
  AND (
    %(read_whole)s
    OR megaplan_raw.id_of_text(known.id) IS NOT NULL AND NOT EXISTS (
      SELECT
      FROM megaplan_sync.swept_rows AS swept
      WHERE swept.account = %(account)s AND swept.entity = %(entity)s AND swept.id = megaplan_raw.id_of_text(known.id)
    )
  )


-- name: delete_swept_rows
-- Deletes the rows of an earlier sweep.
DELETE FROM megaplan_sync.swept_rows WHERE account = %(account)s AND entity = %(entity)s


-- name: delete_finished_sweeps
-- Deletes the finished sweeps of a run that is repeated, unless they are paused: then only the work after them is left.
DELETE FROM megaplan_sync.sweeps
WHERE account = %(account)s AND run_id = %(run_id)s AND finished_at IS NOT NULL AND NOT paused
  AND (entity = %(entity)s OR entity LIKE %(entity)s || '\_%%')

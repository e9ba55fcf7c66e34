-- name: select_cursor_state
-- How far one entity of one account has been read.
SELECT
  trail AS cursor, pages_read, rows_read, loaded_at, refresh_run, watermark, watermark_seen_at, fields,
  fields_watermark, read_at, reread_fields, reread_cursor
FROM megaplan_sync.walks
WHERE account = %(account)s AND entity = %(entity)s


-- name: select_read_times
-- When each list of an account was last read to its end; null while its first load is not finished.
SELECT entity, CASE WHEN loaded_at IS NOT NULL OR watermark IS NULL AND trail IS NULL THEN read_at END AS read_at
FROM megaplan_sync.walks
WHERE account = %(account)s


-- name: save_cursor_state
-- Saves how far one entity has been read, in the transaction that wrote its rows.
INSERT INTO megaplan_sync.walks (
  account, entity, trail, pages_read, rows_read, loaded_at, refresh_run, watermark, watermark_seen_at, fields,
  fields_watermark, read_at, reread_fields, reread_cursor
)
VALUES (
  %(account)s, %(entity)s, %(cursor)s, %(pages_read)s, %(rows_read)s, %(loaded_at)s, %(refresh_run)s,
  %(watermark)s, %(watermark_seen_at)s, %(fields)s, %(fields_watermark)s, %(read_at)s,
  %(reread_fields)s, %(reread_cursor)s
)
ON CONFLICT (account, entity) DO UPDATE SET
  trail = excluded.trail,
  pages_read = excluded.pages_read,
  rows_read = excluded.rows_read,
  loaded_at = excluded.loaded_at,
  refresh_run = excluded.refresh_run,
  watermark = excluded.watermark,
  watermark_seen_at = excluded.watermark_seen_at,
  fields = excluded.fields,
  fields_watermark = excluded.fields_watermark,
  read_at = excluded.read_at,
  reread_fields = excluded.reread_fields,
  reread_cursor = excluded.reread_cursor

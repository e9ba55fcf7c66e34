-- name: select_walk
-- How far the reading of one entity of one account has come.
SELECT
  trail, pages_read, rows_read, loaded_at, refresh_run, watermark, watermark_settled, fields, fields_watermark,
  read_at
FROM megaplan_sync.walks
WHERE account = %(account)s AND entity = %(entity)s


-- name: save_walk
-- Remembers how far the reading of one entity has come; part of the transaction that wrote its rows.
INSERT INTO megaplan_sync.walks (
  account, entity, trail, pages_read, rows_read, loaded_at, refresh_run, watermark, watermark_settled, fields,
  fields_watermark, read_at
)
VALUES (
  %(account)s, %(entity)s, %(trail)s, %(pages_read)s, %(rows_read)s, %(loaded_at)s, %(refresh_run)s,
  %(watermark)s, %(watermark_settled)s, %(fields)s, %(fields_watermark)s, %(read_at)s
)
ON CONFLICT (account, entity) DO UPDATE SET
  trail = excluded.trail,
  pages_read = excluded.pages_read,
  rows_read = excluded.rows_read,
  loaded_at = excluded.loaded_at,
  refresh_run = excluded.refresh_run,
  watermark = excluded.watermark,
  watermark_settled = excluded.watermark_settled,
  fields = excluded.fields,
  fields_watermark = excluded.fields_watermark,
  read_at = excluded.read_at

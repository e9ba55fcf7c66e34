-- How far the reading of one entity of one account has come.
SELECT
  trail, pages_read, rows_read, loaded_at, refresh_run, watermark, watermark_settled, fields, fields_watermark,
  read_at
FROM megaplan_sync.walks
WHERE account = %(account)s AND entity = %(entity)s

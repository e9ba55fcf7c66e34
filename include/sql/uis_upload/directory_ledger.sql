-- name: select_directory_ledger
-- What UIS has of one kind of directory, and what it refuses.
SELECT ext_id, content_hash, content, failed_hash
FROM uis.directory_rows
WHERE account = %(account)s AND kind = %(kind)s


-- name: save_directory_rows
-- Rows of a directory that UIS has.
INSERT INTO uis.directory_rows AS ledger (account, kind, ext_id, content_hash, content, sent_at, error)
SELECT %(account)s, %(kind)s, told.ext_id, told.hash, told.content, now(), told.error
FROM unnest(%(ext_ids)s::text[], %(hashes)s::text[], %(contents)s::jsonb[], %(errors)s::text[])
  AS told (ext_id, hash, content, error)
ON CONFLICT (account, kind, ext_id) DO UPDATE SET
  content_hash = excluded.content_hash,
  content = excluded.content,
  sent_at = now(),
  error = excluded.error,
  failed_hash = NULL,
  failed_at = NULL


-- name: fail_directory_row
-- A row of a directory that UIS refuses, with the reason.
INSERT INTO uis.directory_rows AS ledger (account, kind, ext_id, failed_hash, error, failed_at)
VALUES (%(account)s, %(kind)s, %(ext_id)s, %(hash)s, %(error)s, now())
ON CONFLICT (account, kind, ext_id) DO UPDATE SET
  failed_hash = excluded.failed_hash, error = excluded.error, failed_at = now()


-- name: forget_directory_rows
-- Forgets what UIS has of one kind of directory; what is refused stays refused.
UPDATE uis.directory_rows SET content_hash = NULL, content = NULL WHERE account = %(account)s AND kind = %(kind)s

-- name: select_directory_ledger
-- What UIS has and refuses of one kind of directory.
SELECT ext_id, content_hash, content, failed_hash
FROM uis.directory_rows
WHERE account = %(account)s AND kind = %(kind)s


-- name: save_directory_rows
-- Saves directory rows that UIS has accepted.
INSERT INTO uis.directory_rows AS ledger (account, kind, ext_id, content_hash, content, sent_at, error)
SELECT %(account)s, %(kind)s, given.ext_id, given.hash, given.content, now(), given.error
FROM unnest(%(ext_ids)s::text[], %(hashes)s::text[], %(contents)s::jsonb[], %(errors)s::text[])
  AS given (ext_id, hash, content, error)
ON CONFLICT (account, kind, ext_id) DO UPDATE SET
  content_hash = excluded.content_hash,
  content = excluded.content,
  sent_at = now(),
  error = excluded.error,
  failed_hash = NULL,
  failed_at = NULL


-- name: fail_directory_row
-- Saves a directory row that UIS refuses, with the reason.
INSERT INTO uis.directory_rows AS ledger (account, kind, ext_id, failed_hash, error, failed_at)
VALUES (%(account)s, %(kind)s, %(ext_id)s, %(hash)s, %(error)s, now())
ON CONFLICT (account, kind, ext_id) DO UPDATE SET
  failed_hash = excluded.failed_hash, error = excluded.error, failed_at = now()


-- name: reset_directory_rows
-- Clears what UIS has of one kind of directory; failures stay.
UPDATE uis.directory_rows SET content_hash = NULL, content = NULL WHERE account = %(account)s AND kind = %(kind)s

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
  parked_hash = NULL,
  parked_at = NULL

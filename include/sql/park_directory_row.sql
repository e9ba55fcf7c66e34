-- A row of a directory that UIS refuses, with the reason.
INSERT INTO uis.directory_rows AS ledger (account, kind, ext_id, parked_hash, error, parked_at)
VALUES (%(account)s, %(kind)s, %(ext_id)s, %(hash)s, %(error)s, now())
ON CONFLICT (account, kind, ext_id) DO UPDATE SET
  parked_hash = excluded.parked_hash, error = excluded.error, parked_at = now()

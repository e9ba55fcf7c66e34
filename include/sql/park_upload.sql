-- A deal that is refused, with the reason. Returns whether that is news.
INSERT INTO uis.deals AS ledger (account, deal_id, ext_id, parked_hash, error, parked_at)
VALUES (%(account)s, %(deal_id)s, %(ext_id)s, %(hash)s, %(error)s, now())
ON CONFLICT (account, deal_id) DO UPDATE SET
  parked_hash = excluded.parked_hash,
  parked_at = CASE WHEN ledger.error = excluded.error THEN ledger.parked_at ELSE now() END,
  error = excluded.error,
  sending_hash = NULL,
  sending = NULL,
  sending_records = NULL,
  sending_since = NULL
RETURNING parked_at = now() AS is_new

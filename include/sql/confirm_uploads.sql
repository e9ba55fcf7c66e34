-- Deals of which UIS has just what would be sent.
UPDATE uis.deals AS ledger
SET sent_hash = told.hash, parked_hash = NULL, error = NULL, parked_at = NULL
FROM unnest(%(deal_ids)s::bigint[], %(hashes)s::text[]) AS told (deal_id, hash)
WHERE ledger.account = %(account)s AND ledger.deal_id = told.deal_id

-- What the report showed of some deals: nothing otherwise, or the difference.
UPDATE uis.deals AS ledger
SET verified_hash = told.hash, verified_at = now(), verify_tries = 0, difference = told.difference
FROM unnest(%(deal_ids)s::bigint[], %(hashes)s::text[], %(differences)s::text[]) AS told (deal_id, hash, difference)
WHERE ledger.account = %(account)s AND ledger.deal_id = told.deal_id

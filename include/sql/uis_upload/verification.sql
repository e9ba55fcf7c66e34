-- name: select_unverified_uploads
-- Deals whose last upload nobody has seen in the report yet.
SELECT deal_id, ext_id, sent, sent_hash
FROM uis.deals
WHERE account = %(account)s AND sent_hash IS NOT NULL AND verified_hash IS DISTINCT FROM sent_hash
  AND verify_tries < %(most_tries)s
ORDER BY sent ->> 'created_date_time', deal_id


-- name: select_differing_uploads
-- What the report shows otherwise than it was sent.
SELECT ext_id, difference FROM uis.deals
WHERE account = %(account)s AND difference IS NOT NULL
ORDER BY deal_id
LIMIT %(limit)s


-- name: confirm_uploads
-- Deals of which UIS has just what would be sent.
UPDATE uis.deals AS ledger
SET sent_hash = told.hash, failed_hash = NULL, error = NULL, failed_at = NULL
FROM unnest(%(deal_ids)s::bigint[], %(hashes)s::text[]) AS told (deal_id, hash)
WHERE ledger.account = %(account)s AND ledger.deal_id = told.deal_id


-- name: save_verified_uploads
-- What the report showed of some deals: nothing otherwise, or the difference.
UPDATE uis.deals AS ledger
SET verified_hash = told.hash, verified_at = now(), verify_tries = 0, difference = told.difference
FROM unnest(%(deal_ids)s::bigint[], %(hashes)s::text[], %(differences)s::text[]) AS told (deal_id, hash, difference)
WHERE ledger.account = %(account)s AND ledger.deal_id = told.deal_id


-- name: note_unseen_uploads
-- The report did not show some deals.
UPDATE uis.deals
SET verify_tries = verify_tries + 1, difference = 'the report does not show the deal'
WHERE account = %(account)s AND deal_id = ANY (%(deal_ids)s::bigint[])

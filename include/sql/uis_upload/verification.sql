-- name: select_unverified_uploads
-- Deals whose last upload has not been seen in the report yet.
SELECT deal_id, ext_id, sent, sent_hash
FROM uis.deals
WHERE account = %(account)s AND sent_hash IS NOT NULL AND verified_hash IS DISTINCT FROM sent_hash
  AND verify_tries < %(most_tries)s
ORDER BY sent ->> 'created_date_time', deal_id


-- name: select_differing_uploads
-- Deals that differ in the report.
SELECT ext_id, difference FROM uis.deals
WHERE account = %(account)s AND difference IS NOT NULL
ORDER BY deal_id
LIMIT %(limit)s


-- name: confirm_uploads
-- UIS already has what would be sent of some deals.
UPDATE uis.deals AS ledger
SET sent_hash = given.hash, failed_hash = NULL, error = NULL, failed_at = NULL
FROM unnest(%(deal_ids)s::bigint[], %(hashes)s::text[]) AS given (deal_id, hash)
WHERE ledger.account = %(account)s AND ledger.deal_id = given.deal_id


-- name: save_verified_uploads
-- Saves how some deals differ in the report; null: they are equal.
UPDATE uis.deals AS ledger
SET verified_hash = seen.hash, verified_at = now(), verify_tries = 0, difference = seen.difference
FROM unnest(%(deal_ids)s::bigint[], %(hashes)s::text[], %(differences)s::text[]) AS seen (deal_id, hash, difference)
WHERE ledger.account = %(account)s AND ledger.deal_id = seen.deal_id


-- name: mark_uploads_unseen
-- The report does not show some deals.
UPDATE uis.deals
SET verify_tries = verify_tries + 1, difference = 'the report does not show the deal'
WHERE account = %(account)s AND deal_id = ANY (%(deal_ids)s::bigint[])

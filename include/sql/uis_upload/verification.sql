-- name: select_unverified_uploads
-- Deals whose last upload has not been seen in the report yet, or differs there.
SELECT deal_id, ext_id, sent, sent_hash
FROM uis.deals
WHERE account = %(account)s AND sent_hash IS NOT NULL
  AND (verified_hash IS DISTINCT FROM sent_hash OR difference IS NOT NULL)
  AND verify_tries < %(most_tries)s
ORDER BY sent ->> 'created_date_time', deal_id


-- name: select_differing_uploads
-- What differs in UIS from what was sent.
SELECT kind, ext_id, difference FROM uis.differing WHERE account = %(account)s ORDER BY kind, ext_id LIMIT %(limit)s


-- name: confirm_uploads
-- UIS already has what would be sent of some deals.
UPDATE uis.deals AS ledger
SET sent_hash = given.hash, failed_hash = NULL, error = NULL, failed_at = NULL, remedy = NULL, retry_at = NULL
FROM unnest(%(deal_ids)s::bigint[], %(hashes)s::text[]) AS given (deal_id, hash)
WHERE ledger.account = %(account)s AND ledger.deal_id = given.deal_id


-- name: save_verified_uploads
-- Saves how some deals differ in the report; null: they are equal. A deal with stale fields is sent once again with the
-- same content, and no more than once.
UPDATE uis.deals AS ledger
SET
  sent_hash = CASE WHEN seen.is_repaired THEN NULL ELSE seen.hash END,
  verified_hash = CASE WHEN seen.is_repaired THEN NULL ELSE seen.hash END,
  verified_at = now(),
  verify_tries = CASE WHEN seen.difference IS NULL THEN 0 ELSE ledger.verify_tries + 1 END,
  difference = seen.difference,
  stale = CASE WHEN seen.is_repaired THEN string_to_array(seen.stale, ' ') END,
  repaired_hash = CASE WHEN seen.stale <> '' THEN seen.hash END
FROM (
  SELECT given.*, given.stale <> '' AND known.repaired_hash IS DISTINCT FROM given.hash AS is_repaired
  FROM unnest(%(deal_ids)s::bigint[], %(hashes)s::text[], %(differences)s::text[], %(stale)s::text[])
    AS given (deal_id, hash, difference, stale)
  JOIN uis.deals AS known ON known.account = %(account)s AND known.deal_id = given.deal_id
) AS seen
WHERE ledger.account = %(account)s AND ledger.deal_id = seen.deal_id


-- name: mark_uploads_unseen
-- The report does not show some deals.
UPDATE uis.deals
SET verify_tries = verify_tries + 1, difference = 'the report does not show the deal'
WHERE account = %(account)s AND deal_id = ANY (%(deal_ids)s::bigint[])

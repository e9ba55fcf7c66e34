-- The next versions of deals that have ended, with their own payload. One whose end was erased here by hand still has
-- its payload, which no present version has.
SELECT deal_id, valid_from, payload::text, content_hash
FROM megaplan_raw.deal_versions
WHERE account = %(account)s
  AND (deal_id, valid_from) > (%(after_deal)s::bigint, %(after_valid_from)s::timestamptz)
  AND (valid_to IS NOT NULL OR payload IS NOT NULL)
ORDER BY deal_id, valid_from
LIMIT %(rows)s

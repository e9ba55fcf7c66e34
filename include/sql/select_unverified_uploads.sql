-- Deals whose last upload nobody has seen in the report yet.
SELECT deal_id, ext_id, sent, sent_hash, verify_tries
FROM uis.deals
WHERE account = %(account)s AND sent_hash IS NOT NULL AND verified_hash IS DISTINCT FROM sent_hash
  AND verify_tries < %(most_tries)s
ORDER BY sent ->> 'created_date_time', deal_id

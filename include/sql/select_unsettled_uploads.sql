-- Deals on their way: requests whose answers are not known.
SELECT deal_id, ext_id, sending, extract(epoch FROM now() - sending_since)::float8 AS age_seconds
FROM uis.deals
WHERE account = %(account)s AND sending IS NOT NULL
ORDER BY deal_id

-- The next deals that have versions.
SELECT DISTINCT deal_id
FROM megaplan_raw.deal_versions
WHERE account = %(account)s AND deal_id > %(after)s
ORDER BY deal_id
LIMIT %(rows)s

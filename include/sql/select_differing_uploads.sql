-- What the report shows otherwise than it was sent.
SELECT ext_id, difference FROM uis.deals
WHERE account = %(account)s AND difference IS NOT NULL
ORDER BY deal_id
LIMIT %(limit)s

-- The next present rows with their own payload, in the order of ids.
SELECT id, payload::text, content_hash
FROM megaplan_raw.deals
WHERE account = %(account)s AND deleted_at IS NULL AND id > %(after)s
ORDER BY id
LIMIT %(rows)s

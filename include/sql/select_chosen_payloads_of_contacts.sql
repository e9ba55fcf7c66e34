-- Some present rows with their own payload.
SELECT id, payload::text, content_hash
FROM megaplan_raw.contacts
WHERE account = %(account)s AND deleted_at IS NULL AND id = ANY (%(ids)s::bigint[])

-- Of the contacts of one page, those that stand in the raw table with the same content already.
SELECT contacts.id
FROM megaplan_raw.contacts
JOIN unnest(%(ids)s::bigint[], %(hashes)s::text[]) AS page (id, content_hash) USING (id, content_hash)
WHERE contacts.account = %(account)s AND contacts.deleted_at IS NULL

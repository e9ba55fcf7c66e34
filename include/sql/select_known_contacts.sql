-- Of the contacts of one page, those that stand in the raw table already, and whether with the same content.
SELECT
  contacts.id,
  (contacts.deleted_at IS NULL OR contacts.is_dropped) AND contacts.content_hash = page.content_hash AS is_unchanged
FROM unnest(%(ids)s::bigint[], %(hashes)s::text[]) AS page (id, content_hash)
JOIN megaplan_raw.contacts ON contacts.account = %(account)s AND contacts.id = page.id
WHERE contacts.account = %(account)s AND contacts.id = ANY (%(ids)s::bigint[])

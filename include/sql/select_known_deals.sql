-- Of the deals of one page, those that stand in the raw table already, and whether with the same content.
SELECT
  deals.id,
  deals.deleted_at IS NULL AND deals.content_hash = page.content_hash AS is_unchanged
FROM unnest(%(ids)s::bigint[], %(hashes)s::text[]) AS page (id, content_hash)
JOIN megaplan_raw.deals ON deals.account = %(account)s AND deals.id = page.id
WHERE deals.account = %(account)s AND deals.id = ANY (%(ids)s::bigint[])

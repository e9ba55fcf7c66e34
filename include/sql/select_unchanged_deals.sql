-- Of the deals of one page, those that stand in the raw table with the same content already.
SELECT deals.id
FROM megaplan_raw.deals
JOIN unnest(%(ids)s::bigint[], %(hashes)s::text[]) AS page (id, content_hash) USING (id, content_hash)
WHERE deals.account = %(account)s AND deals.deleted_at IS NULL

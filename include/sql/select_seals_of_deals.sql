-- Seals of rows as they are now.
SELECT id, seal FROM megaplan_sync.seals_of_deals(%(account)s, %(ids)s::bigint[], %(rules)s)

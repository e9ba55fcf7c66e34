-- Seals of rows as they are now.
SELECT id, seal FROM megaplan_sync.seals_of_contacts(%(account)s, %(ids)s::bigint[], %(rules)s)

-- Rows that are gone from Megaplan, with the evidence.
SELECT megaplan_sync.mark_deleted(%(entity)s, %(account)s, %(ids)s::bigint[], %(evidence)s::jsonb)

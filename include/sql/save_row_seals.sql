-- Seals of rows that an audit has verified.
INSERT INTO megaplan_sync.row_seals (account, entity, id, seal)
SELECT %(account)s, %(entity)s, verified.id, verified.seal
FROM unnest(%(ids)s::bigint[], %(seals)s::bigint[]) AS verified (id, seal)
ON CONFLICT (account, entity, id) DO UPDATE SET seal = excluded.seal

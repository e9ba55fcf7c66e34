-- Proposals by number, all that are not settled if no number is named.
SELECT number, account, entity, kind, row_count, of_rows, state, reason, approved_by, proposed_at
FROM megaplan_sync.deletion_proposals
WHERE CASE WHEN cardinality(%(numbers)s::integer[]) = 0 THEN state IN ('open', 'approved') ELSE number = ANY (%(numbers)s) END
ORDER BY number

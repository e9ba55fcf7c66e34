-- The comparison of an account's calls by one run, begun now unless it was begun before.
INSERT INTO megaplan_sync.reconciliations (run_id, account, entity, depth, rows_before)
VALUES (%(run_id)s, %(account)s, %(entity)s, %(depth)s, 0)
ON CONFLICT DO NOTHING

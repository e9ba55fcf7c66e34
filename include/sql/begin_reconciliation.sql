-- The reconciliation of one table by one run, begun now unless it was begun before.
INSERT INTO megaplan_sync.reconciliations (run_id, account, entity, depth, rows_before)
VALUES (
  %(run_id)s, %(account)s, %(entity)s, %(depth)s, megaplan_sync.count_present(%(entity)s, %(account)s)
)
ON CONFLICT DO NOTHING

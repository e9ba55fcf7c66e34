-- How far the reconciliation of one table by one run has come.
SELECT
  run_id, account, entity, depth, began_at, rows_before, requests, seconds, audited_at, compared_at, finished_at,
  watermark, verdict, reason, proposal
FROM megaplan_sync.reconciliations
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s

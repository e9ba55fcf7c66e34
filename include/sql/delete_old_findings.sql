-- Findings and states of reconciliations are kept for 30 days, certificates for ever.
WITH old AS (
  DELETE FROM megaplan_sync.reconciliations WHERE account = %(account)s AND began_at < now() - interval '30 days'
)
DELETE FROM megaplan_sync.findings WHERE account = %(account)s AND found_at < now() - interval '30 days'

-- How far the reconciliation of one table by one run has come.
UPDATE megaplan_sync.reconciliations
SET
  requests = %(requests)s,
  seconds = %(seconds)s,
  audited_at = %(audited_at)s,
  compared_at = %(compared_at)s,
  finished_at = %(finished_at)s,
  watermark = %(watermark)s,
  verdict = %(verdict)s,
  reason = %(reason)s,
  proposal = %(proposal)s
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s

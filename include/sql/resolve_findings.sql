-- What became of some findings, with the evidence.
UPDATE megaplan_sync.findings
SET
  finding = coalesce(%(finding)s, finding),
  resolution = %(resolution)s,
  evidence = coalesce(%(evidence)s::jsonb, evidence),
  resolved_at = now()
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s
  AND part = 0 AND id = ANY (%(ids)s::bigint[])

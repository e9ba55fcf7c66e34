-- One row of a certificate; a run that is done once more replaces its own.
INSERT INTO megaplan_raw.certificates (
  account, entity, run_id, day, depth, verdict, reason, in_megaplan, in_table, same, missing, stale, extra, repaired,
  deleted, unresolved, proposal, requests_used, duration, watermark, doc
)
VALUES (
  %(account)s, %(entity)s, %(run_id)s, (now() AT TIME ZONE %(timezone)s)::date, %(depth)s, %(verdict)s, %(reason)s,
  %(in_megaplan)s, %(in_table)s, %(same)s, %(missing)s, %(stale)s, %(extra)s, %(repaired)s, %(deleted)s,
  %(unresolved)s, %(proposal)s, %(requests_used)s, %(duration)s, %(watermark)s, %(doc)s
)
ON CONFLICT (account, entity, run_id) DO UPDATE SET
  issued_at = now(),
  verdict = excluded.verdict,
  reason = excluded.reason,
  in_megaplan = excluded.in_megaplan,
  in_table = excluded.in_table,
  same = excluded.same,
  missing = excluded.missing,
  stale = excluded.stale,
  extra = excluded.extra,
  repaired = excluded.repaired,
  deleted = excluded.deleted,
  unresolved = excluded.unresolved,
  proposal = excluded.proposal,
  requests_used = excluded.requests_used,
  duration = excluded.duration,
  watermark = excluded.watermark,
  doc = excluded.doc

-- The certificates of one run.
SELECT
  account, entity, depth, verdict, reason, in_megaplan, in_table, same, missing, stale, extra, repaired, deleted,
  unresolved, proposal, requests_used, duration, watermark, doc
FROM megaplan_raw.certificates
WHERE run_id = %(run_id)s
ORDER BY account, entity

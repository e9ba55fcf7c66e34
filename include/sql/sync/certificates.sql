-- name: begin_reconciliation
-- Begins the reconciliation of one table by one run, unless it has begun.
INSERT INTO megaplan_sync.reconciliations (run_id, account, entity, depth, rows_before)
VALUES (
  %(run_id)s, %(account)s, %(entity)s, %(depth)s, megaplan_sync.count_present(%(entity)s, %(account)s)
)
ON CONFLICT DO NOTHING


-- name: begin_call_comparison
-- Begins the reconciliation of an account's calls by one run, unless it has begun.
INSERT INTO megaplan_sync.reconciliations (run_id, account, entity, depth, rows_before)
VALUES (%(run_id)s, %(account)s, %(entity)s, %(depth)s, 0)
ON CONFLICT DO NOTHING


-- name: select_reconciliation
-- State of the reconciliation of one table by one run.
SELECT
  run_id, account, entity, depth, began_at, rows_before, requests, seconds, audited_at, compared_at, finished_at,
  watermark, verdict, reason, proposal
FROM megaplan_sync.reconciliations
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s


-- name: save_reconciliation
-- Saves the state of the reconciliation of one table by one run.
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


-- name: sum_requests_of_run
-- Requests that earlier tries of a run sent to an account for its raw tables; those for calls count separately.
SELECT coalesce(sum(requests), 0) FROM megaplan_sync.reconciliations
WHERE run_id = %(run_id)s AND account = %(account)s AND entity <> 'calls'


-- name: save_certificate
-- Saves one certificate; a repeated run replaces its own.
INSERT INTO megaplan_raw.certificates (
  account, entity, run_id, day, depth, verdict, reason, in_megaplan, in_table, same, missing, stale, extra, repaired,
  deleted, unreadable, unresolved, proposal, requests_used, duration, watermark, doc
)
VALUES (
  %(account)s, %(entity)s, %(run_id)s, (now() AT TIME ZONE %(timezone)s)::date, %(depth)s, %(verdict)s, %(reason)s,
  %(in_megaplan)s, %(in_table)s, %(same)s, %(missing)s, %(stale)s, %(extra)s, %(repaired)s, %(deleted)s,
  %(unreadable)s, %(unresolved)s, %(proposal)s, %(requests_used)s, %(duration)s, %(watermark)s, %(doc)s
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
  unreadable = excluded.unreadable,
  unresolved = excluded.unresolved,
  proposal = excluded.proposal,
  requests_used = excluded.requests_used,
  duration = excluded.duration,
  watermark = excluded.watermark,
  doc = excluded.doc


-- name: select_certificates
-- Certificates of one run; how many of their unreadable rows nobody has acknowledged, and how many rows a person keeps.
SELECT
  account, entity, depth, verdict, reason, in_megaplan, in_table, same, missing, stale, extra, repaired, deleted,
  unreadable, unresolved, proposal, requests_used, duration, watermark,
  (
    SELECT count(*)
    FROM megaplan_raw.unreadable_rows AS row
    WHERE row.account = certificates.account AND row.entity = certificates.entity AND row.acknowledged_at IS NULL
  ) AS unacknowledged,
  (
    SELECT count(*)
    FROM megaplan_sync.proposed_rows
    JOIN megaplan_sync.deletion_proposals AS proposal USING (number)
    WHERE proposal.account = certificates.account AND proposal.entity = certificates.entity
      AND proposal.state = 'rejected'
  ) AS kept
FROM megaplan_raw.certificates
WHERE run_id = %(run_id)s
ORDER BY account, entity


-- name: acknowledge_unreadable
-- A person has taken note of the rows of some accounts that could not be stored.
UPDATE megaplan_raw.unreadable_rows
SET acknowledged_at = now()
WHERE account = ANY (%(accounts)s) AND acknowledged_at IS NULL

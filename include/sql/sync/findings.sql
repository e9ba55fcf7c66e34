-- name: note_findings
-- Saves differences; those with a resolution are resolved in the same transaction.
INSERT INTO megaplan_sync.findings AS known (
  run_id, account, entity, id, part, finding, resolution, evidence, resolved_at
)
SELECT
  %(run_id)s, %(account)s, %(entity)s, row.id, row.part, %(finding)s, %(resolution)s, %(evidence)s::jsonb,
  CASE WHEN %(resolution)s::text IS NOT NULL THEN now() END
FROM unnest(%(ids)s::bigint[], %(parts)s::integer[]) AS row (id, part)
ON CONFLICT (run_id, account, entity, id, part) DO UPDATE SET
  -- A row that is found twice counts once: by its state when the run began, and by what Megaplan has now.
  finding = CASE
    WHEN known.finding = 'missing' THEN 'missing' -- it was not here
    WHEN known.finding IN ('stale', 'extra', 'suspect') AND excluded.finding = 'missing' THEN 'stale' -- it was here
    WHEN known.finding = 'stale' AND excluded.finding = 'suspect' THEN 'stale'
    ELSE excluded.finding
  END,
  resolution = CASE
    WHEN known.finding = 'missing' AND excluded.resolution = 'deleted' THEN 'unfounded' -- neither here nor there
    ELSE excluded.resolution
  END,
  evidence = coalesce(excluded.evidence, known.evidence),
  resolved_at = excluded.resolved_at


-- name: settle_findings
-- Resolves the findings of rows that were checked and are correct: repaired by this or another run, or never different.
UPDATE megaplan_sync.findings
SET
  resolution = CASE WHEN finding IN ('missing', 'stale') THEN 'repaired' ELSE 'unfounded' END,
  resolved_at = now()
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s
  AND part = 0 AND id = ANY (%(ids)s::bigint[]) AND resolution IS NULL


-- name: resolve_findings
-- Saves the resolution of some findings, with the evidence.
UPDATE megaplan_sync.findings
SET
  finding = coalesce(%(finding)s, finding),
  resolution = %(resolution)s,
  evidence = coalesce(%(evidence)s::jsonb, evidence),
  resolved_at = now()
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s
  AND part = 0 AND id = ANY (%(ids)s::bigint[])


-- name: select_open_findings
-- Unresolved findings of some kinds, with what the sweep saw of the row.
SELECT
  findings.id, findings.finding, swept.content_type, swept.updated_at, coalesce(swept.is_dropped, false) AS is_dropped,
  findings.evidence
FROM megaplan_sync.findings
LEFT JOIN megaplan_sync.swept_rows AS swept
  ON swept.account = findings.account AND swept.entity = findings.entity AND swept.id = findings.id
WHERE findings.run_id = %(run_id)s AND findings.account = %(account)s AND findings.entity = %(entity)s
  AND findings.part = 0 AND findings.resolution IS NULL AND findings.finding = ANY (%(findings)s)
ORDER BY findings.id


-- name: reopen_findings
-- Deletes what a run could not resolve, before it searches again (its task was cleared).
DELETE FROM megaplan_sync.findings
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s
  AND (resolution IS NULL OR resolution IN ('hidden', 'waiting'))


-- name: reopen_vanished
-- Reopens vanished rows that an earlier try of this run left for a person to decide; proposals are announced again.
UPDATE megaplan_sync.findings
SET resolution = NULL, resolved_at = NULL
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s
  AND finding = 'extra' AND resolution IN ('waiting', 'hidden')


-- name: forget_vanished
-- Deletes the findings of rows that the first sweep missed, before the second one.
DELETE FROM megaplan_sync.findings
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s
  AND finding = 'extra' AND (resolution IS NULL OR resolution IN ('waiting', 'hidden'))


-- name: count_findings
-- Counts for a certificate.
SELECT
  count(*) FILTER (WHERE finding = 'missing' AND resolution IS DISTINCT FROM 'unfounded') AS missing,
  count(*) FILTER (
    WHERE finding IN ('stale', 'suspect') AND resolution IS DISTINCT FROM 'unfounded'
  ) AS stale,
  count(*) FILTER (WHERE finding = 'extra' AND resolution IS DISTINCT FROM 'unfounded') AS extra,
  count(*) FILTER (WHERE resolution = 'repaired') AS repaired,
  count(*) FILTER (WHERE resolution = 'deleted') AS deleted,
  (SELECT count(*) FROM megaplan_raw.unreadable_rows WHERE account = %(account)s AND entity = %(entity)s) AS unreadable,
  (
    SELECT count(*)
    FROM megaplan_raw.unreadable_rows
    WHERE account = %(account)s AND entity = %(entity)s AND acknowledged_at IS NULL
  ) AS unacknowledged
FROM megaplan_sync.findings
WHERE run_id = %(run_id)s AND account = %(account)s AND entity = %(entity)s

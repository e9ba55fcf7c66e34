-- Differences that were found and, with a resolution, settled in the same transaction.
INSERT INTO megaplan_sync.findings AS known (
  run_id, account, entity, id, part, finding, resolution, evidence, resolved_at
)
SELECT
  %(run_id)s, %(account)s, %(entity)s, row.id, row.part, %(finding)s, %(resolution)s, %(evidence)s::jsonb,
  CASE WHEN %(resolution)s::text IS NOT NULL THEN now() END
FROM unnest(%(ids)s::bigint[], %(parts)s::integer[]) AS row (id, part)
ON CONFLICT (run_id, account, entity, id, part) DO UPDATE SET
  -- A row that is found twice counts once, as what it was when the run began and as what Megaplan has now:
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

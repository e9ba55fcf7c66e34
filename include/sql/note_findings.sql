-- Differences that were found and, with a resolution, settled in the same transaction.
INSERT INTO megaplan_sync.findings AS known (
  run_id, account, entity, id, part, finding, resolution, evidence, resolved_at
)
SELECT
  %(run_id)s, %(account)s, %(entity)s, row.id, row.part, %(finding)s, %(resolution)s, %(evidence)s::jsonb,
  CASE WHEN %(resolution)s::text IS NOT NULL THEN now() END
FROM unnest(%(ids)s::bigint[], %(parts)s::integer[]) AS row (id, part)
ON CONFLICT (run_id, account, entity, id, part) DO UPDATE SET
  -- what was missing or stale stays so; a suspect, or a row believed to be gone, turns out to be something else
  finding = CASE WHEN known.finding IN ('missing', 'stale') THEN known.finding ELSE excluded.finding END,
  resolution = excluded.resolution,
  evidence = coalesce(excluded.evidence, known.evidence),
  resolved_at = excluded.resolved_at
WHERE known.resolution IS DISTINCT FROM 'repaired' OR excluded.resolution IS NOT NULL

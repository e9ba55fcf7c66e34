-- Stages stand where the payloads of their pipelines say; those of present pipelines are present.
UPDATE megaplan_raw.pipeline_stages AS present
SET
  pipeline_id = placed.pipeline_id,
  position = placed.position,
  changed_at = now(),
  deleted_at = CASE WHEN pipeline.deleted_at IS NOT NULL THEN present.deleted_at END,
  deletion_evidence = CASE WHEN pipeline.deleted_at IS NOT NULL THEN present.deletion_evidence END
FROM unnest(%(stage_ids)s::bigint[], %(pipeline_ids)s::bigint[], %(positions)s::integer[])
  AS placed (id, pipeline_id, position)
JOIN megaplan_raw.pipelines AS pipeline ON pipeline.account = %(account)s AND pipeline.id = placed.pipeline_id
WHERE present.account = %(account)s
  AND present.id = placed.id
  AND (
    (present.pipeline_id, present.position) <> (placed.pipeline_id, placed.position)
    OR (present.deleted_at IS NOT NULL AND pipeline.deleted_at IS NULL)
  )
RETURNING present.id

-- Staged rows into megaplan_raw.pipeline_stages: new ones are inserted, changed ones updated, equal ones not written at all.
INSERT INTO megaplan_raw.pipeline_stages AS present (
  account, id, pipeline_id, position, name, type, color, is_entry, payload, content_hash
)
SELECT
  account, id, pipeline_id, position, name, type, color, is_entry, payload::jsonb, content_hash
FROM staged_pipeline_stages
ON CONFLICT (account, id) DO UPDATE SET
  pipeline_id = excluded.pipeline_id,
  position = excluded.position,
  name = excluded.name,
  type = excluded.type,
  color = excluded.color,
  is_entry = excluded.is_entry,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.content_hash <> excluded.content_hash
  OR present.pipeline_id IS DISTINCT FROM excluded.pipeline_id
  OR present.position IS DISTINCT FROM excluded.position
  OR present.deleted_at IS NOT NULL
RETURNING (xmax = 0) AS is_new

-- Staged rows into megaplan_raw.pipeline_stages: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all.
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
WHERE present.deleted_at IS NOT NULL OR (
  present.pipeline_id, present.position, present.name, present.type, present.color, present.is_entry,
  present.payload, present.content_hash
) IS DISTINCT FROM (
  excluded.pipeline_id, excluded.position, excluded.name, excluded.type, excluded.color, excluded.is_entry,
  excluded.payload, excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.pipeline_stages AS before -- as it was before this statement
    WHERE before.account = present.account AND before.id = present.id AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.id AS id, 0 AS part

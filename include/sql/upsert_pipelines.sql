-- Staged rows into megaplan_raw.pipelines: new ones are inserted, changed ones updated (also those
-- changed here by hand), equal ones not written at all.
INSERT INTO megaplan_raw.pipelines AS present (
  account, id, name, is_active, payload, content_hash
)
SELECT
  account, id, name, is_active, payload::jsonb, content_hash
FROM staged_pipelines
ON CONFLICT (account, id) DO UPDATE SET
  name = excluded.name,
  is_active = excluded.is_active,
  payload = excluded.payload,
  content_hash = excluded.content_hash,
  changed_at = now(),
  deleted_at = NULL,
  deletion_evidence = NULL
WHERE present.deleted_at IS NOT NULL OR (
  present.name, present.is_active, present.payload, present.content_hash
) IS DISTINCT FROM (
  excluded.name, excluded.is_active, excluded.payload, excluded.content_hash
)
RETURNING
  xmax = 0 OR EXISTS (
    SELECT
    FROM megaplan_raw.pipelines AS before -- as it was before this statement
    WHERE before.account = present.account AND before.id = present.id AND before.deleted_at IS NOT NULL
  ) AS is_new,
  present.id AS id, 0 AS part

-- Staged rows into megaplan_raw.pipelines: new ones are inserted, changed ones updated, equal ones not written at all.
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
WHERE present.content_hash <> excluded.content_hash
  OR present.is_active IS DISTINCT FROM excluded.is_active
  OR present.deleted_at IS NOT NULL
RETURNING (xmax = 0) AS is_new

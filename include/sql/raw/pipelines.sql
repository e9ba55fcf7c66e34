-- name: stage_pipelines
-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_pipelines (
  account, id, name, is_active, payload, content_hash
) FROM STDIN


-- name: upsert_pipelines
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


-- name: stage_pipeline_stages
-- Rows of one page into the staging table; the order of columns is the order of the row's fields.
COPY staged_pipeline_stages (
  account, id, pipeline_id, position, name, type, color, is_entry, payload, content_hash
) FROM STDIN


-- name: upsert_pipeline_stages
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


-- name: mark_removed_pipeline_stages
-- Stages that their pipeline, just read whole, no longer has. The rows stay and say so.
UPDATE megaplan_raw.pipeline_stages AS present
SET
  deleted_at = now(),
  changed_at = now(),
  deletion_evidence = jsonb_build_object('found_by', 'pipeline read whole, stage absent', 'at', now())
WHERE present.account = %(account)s
  AND present.pipeline_id = ANY (%(pipeline_ids)s::bigint[])
  AND present.deleted_at IS NULL
  AND present.id <> ALL (%(stage_ids)s::bigint[])
RETURNING present.id, 0 AS part
